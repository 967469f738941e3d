BEGIN TRANSACTION;
CREATE TABLE attempts (
	id VARCHAR(36) NOT NULL, 
	order_id VARCHAR(36) NOT NULL, 
	number INTEGER NOT NULL, 
	form_id VARCHAR(36) NOT NULL, 
	state VARCHAR(10) NOT NULL, 
	amount INTEGER NOT NULL, 
	currency VARCHAR(3) NOT NULL, 
	livemode BOOLEAN NOT NULL, 
	charge_id VARCHAR(64), 
	method VARCHAR(64), 
	paid_with VARCHAR(60), 
	authorized BOOLEAN NOT NULL, 
	set_aside BOOLEAN NOT NULL, 
	refunded_amount INTEGER NOT NULL, 
	failure_code VARCHAR(64), 
	authorize_uri VARCHAR(2048), 
	code_uri VARCHAR(2048), 
	payment_code VARCHAR(64), 
	expires_at DATETIME, 
	created_at DATETIME NOT NULL, 
	checked_at DATETIME, 
	PRIMARY KEY (id), 
	FOREIGN KEY(order_id) REFERENCES orders (id), 
	UNIQUE (form_id), 
	UNIQUE (charge_id)
);
INSERT INTO "attempts" VALUES('a15bc4a7-2d87-4f7c-89e2-8317a58a2c32','4e469f6a-3ddf-4c77-83f1-96e3fe056cec',1,'a8ff17e2-d7cf-42cc-9e6d-675f936b0415','successful',49000,'THB',0,'chrg_test_69s8scmhxej5vt21w67','card','Visa •••• 4242',1,0,0,NULL,'http://localhost:38163/sandbox/payments/paym_test_69s8scmi1cn1emfhmhq/authorize?acs=false',NULL,NULL,'2026-12-01 07:48:46.000000','2026-11-24 07:48:46.558768','2026-11-24 07:48:46.627116');
INSERT INTO "attempts" VALUES('b14343b7-0191-43d6-aae2-7fc6b54796c8','f4f54654-577e-475a-9b72-9872953f51fe',1,'c30567f0-223e-4b94-a514-3f1f17bed407','successful',64000,'THB',0,'chrg_test_69s8scn3dxdnqizqyet','card','Visa •••• 4242',1,0,10000,NULL,'http://localhost:38163/sandbox/payments/paym_test_69s8scn3h424dm0m9yk/authorize?acs=false',NULL,NULL,'2026-12-01 07:48:46.000000','2026-11-24 07:48:46.667752','2026-11-24 07:48:46.744244');
INSERT INTO "attempts" VALUES('0a7c7bb7-c4a8-431b-82eb-396d3ac9a4bf','158bc35d-9552-4313-a8d5-09dc5ea6cd6c',1,'aa3e17d3-a70d-41a8-99f8-9652412d20e5','failed',49000,'THB',0,'chrg_test_69s8scnupejtp0oyn0y','card','Visa •••• 0011',0,0,0,'insufficient_fund','http://localhost:38163/sandbox/payments/paym_test_69s8scnurjylbe7gmi9/authorize?acs=false',NULL,NULL,'2026-12-01 07:48:46.000000','2026-11-24 07:48:46.767868','2026-11-24 07:48:46.812552');
INSERT INTO "attempts" VALUES('b08893c7-399e-4c8e-bd73-d0e5f490476c','78648fb3-8b22-4345-8cbb-246536a49347',1,'aed33889-f117-4d06-8573-7c91104e5f25','pending',49000,'THB',0,'chrg_test_69s8sco8tyv9eq1xrxj','promptpay',NULL,0,0,0,NULL,'http://localhost:38163/sandbox/payments/pay2_test_69s8sco8wm54ccq084s/authorize?acs=false','http://localhost:38163/sandbox/charges/chrg_test_69s8sco8tyv9eq1xrxj/documents/docu_test_69s8sco8w35zoajfskr/downloads/31F87A27859685BD',NULL,'2026-11-25 07:48:46.000000','2026-11-24 07:48:46.819699','2026-11-24 07:48:46.927967');
INSERT INTO "attempts" VALUES('7d6394a9-8a1a-440b-8f1f-827673544787','b7298cba-3053-4eea-aaeb-55cfb4b5165c',1,'82358bac-5799-414a-8e07-47429a93a9f9','expired',49000,'THB',0,'chrg_test_69s8scomrmsch7vzuo5','promptpay',NULL,0,0,0,NULL,'http://localhost:38163/sandbox/payments/pay2_test_69s8scomttdh5rde6ys/authorize?acs=false','http://localhost:38163/sandbox/charges/chrg_test_69s8scomrmsch7vzuo5/documents/docu_test_69s8scomtblqbj2womx/downloads/21F2ECF4D48FC3DA',NULL,'2026-11-24 07:48:46.000000','2026-11-24 07:48:46.870643','2026-11-24 07:48:46.931456');
INSERT INTO "attempts" VALUES('0d615e9e-2845-4878-8a06-fdee38388ebe','1ef1defb-6ee5-43b6-83e5-4b0cae110383',1,'da5f3009-2d1f-4eff-859c-66650b7c2b4d','expired',49000,'THB',0,'chrg_test_69s8scpayn2cclx78md','promptpay',NULL,0,1,0,NULL,'http://localhost:38163/sandbox/payments/pay2_test_69s8scpb1032c1q6f6x/authorize?acs=false','http://localhost:38163/sandbox/charges/chrg_test_69s8scpayn2cclx78md/documents/docu_test_69s8scpb0g7b08xqham/downloads/2078EC28DC035C9E',NULL,'2026-11-24 07:48:46.000000','2026-11-24 07:48:46.958816','2026-11-24 07:48:47.017758');
INSERT INTO "attempts" VALUES('1d2a37e9-426b-48b4-b7db-84fcad160c53','1ef1defb-6ee5-43b6-83e5-4b0cae110383',2,'f3240962-2e47-433e-a63a-cd2a5195df04','successful',49000,'THB',0,'chrg_test_69s8scpx1k4cyph0dvt','card','Visa •••• 4242',1,0,0,NULL,'http://localhost:38163/sandbox/payments/paym_test_69s8scpx3ptqz52bz5t/authorize?acs=false',NULL,NULL,'2026-12-01 07:48:47.000000','2026-11-24 07:48:47.039334','2026-11-24 07:48:47.071238');
INSERT INTO "attempts" VALUES('f2644370-7dd5-4ec6-97dc-e38f1b0f62cb','e8fd78f6-a0ba-41e5-8685-43b000934644',1,'9e558fc2-e65f-4bd5-a71e-883b8844b90e','pending',49000,'THB',0,'chrg_test_69s8scqezmsp8w842td','card','Visa •••• 4242',0,0,0,NULL,'http://localhost:38163/sandbox/payments/paym_test_69s8scqf20wfvc91qnw/authorize',NULL,NULL,'2026-12-01 07:48:47.000000','2026-11-24 07:48:47.104969','2026-11-24 07:48:47.138356');
INSERT INTO "attempts" VALUES('ecd25c9d-e292-434a-a1ea-736e7e08da60','6a50d8ec-4935-4bac-8bc8-17b4754afc2c',1,'4bc67452-36de-4b6b-a1b7-b0d861ecf8d7','created',49000,'THB',0,NULL,NULL,NULL,0,0,0,NULL,NULL,NULL,NULL,NULL,'2026-11-24 07:48:47.157026',NULL);
INSERT INTO "attempts" VALUES('8b12f7e9-9b12-4e09-a567-389a3b650981','346ad23b-697a-46c8-b867-84dfef339f4e',1,'103795bf-a0de-4d47-af8c-1f0c0b2908bc','sent',49000,'THB',0,NULL,NULL,NULL,0,0,0,NULL,NULL,NULL,NULL,NULL,'2026-11-24 07:48:47.159860',NULL);
INSERT INTO "attempts" VALUES('04ebd8b4-1c07-41ea-859c-0b86598b415f','231c597f-6eae-4954-8349-081475071d53',1,'05cd7b0c-76d5-4eb4-9d9a-714e439d833b','unknown',49000,'THB',0,NULL,NULL,NULL,0,0,0,NULL,NULL,NULL,NULL,NULL,'2026-11-24 07:48:47.167487',NULL);
CREATE TABLE deliveries (
	event_id VARCHAR(64) NOT NULL, 
	"key" VARCHAR(64) NOT NULL, 
	charge_id VARCHAR(64), 
	received_at DATETIME NOT NULL, 
	PRIMARY KEY (event_id)
);
INSERT INTO "deliveries" VALUES('evnt_test_69s8scmi86vlsjnm4hs','charge.create','chrg_test_69s8scmhxej5vt21w67','2026-11-24 07:48:46.611226');
INSERT INTO "deliveries" VALUES('evnt_test_69s8scn3mus0p5p8ukj','charge.create','chrg_test_69s8scn3dxdnqizqyet','2026-11-24 07:48:46.685182');
INSERT INTO "deliveries" VALUES('evnt_test_69s8scnfn7d46kthq6s','refund.create','chrg_test_69s8scn3dxdnqizqyet','2026-11-24 07:48:46.723536');
INSERT INTO "deliveries" VALUES('evnt_test_69s8scnuv47g5nx7nsx','charge.create','chrg_test_69s8scnupejtp0oyn0y','2026-11-24 07:48:46.785377');
INSERT INTO "deliveries" VALUES('evnt_test_69s8sco90pje3ijmvc8','charge.create','chrg_test_69s8sco8tyv9eq1xrxj','2026-11-24 07:48:46.834874');
INSERT INTO "deliveries" VALUES('evnt_test_69s8scomxqc4yt2ghwf','charge.create','chrg_test_69s8scomrmsch7vzuo5','2026-11-24 07:48:46.884733');
INSERT INTO "deliveries" VALUES('evnt_test_69s8scov8xnnw5ag9hn','charge.expire','chrg_test_69s8scomrmsch7vzuo5','2026-11-24 07:48:46.914620');
INSERT INTO "deliveries" VALUES('evnt_test_69s8scpb54q407yuo53','charge.create','chrg_test_69s8scpayn2cclx78md','2026-11-24 07:48:46.973936');
INSERT INTO "deliveries" VALUES('evnt_test_69s8scpj1beq56bajor','charge.expire','chrg_test_69s8scpayn2cclx78md','2026-11-24 07:48:47.003216');
INSERT INTO "deliveries" VALUES('evnt_test_69s8scpx97ky6p029z6','charge.create','chrg_test_69s8scpx1k4cyph0dvt','2026-11-24 07:48:47.052851');
INSERT INTO "deliveries" VALUES('evnt_test_69s8scqf5acysekilpm','charge.create','chrg_test_69s8scqezmsp8w842td','2026-11-24 07:48:47.119504');
CREATE TABLE orders (
	id VARCHAR(36) NOT NULL, 
	amount INTEGER NOT NULL, 
	currency VARCHAR(3) NOT NULL, 
	lines JSON NOT NULL, 
	email VARCHAR(254), 
	created_at DATETIME NOT NULL, 
	paid_at DATETIME, 
	paid_by VARCHAR(36), 
	needs_attention VARCHAR(500), 
	touched INTEGER NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "orders" VALUES('4e469f6a-3ddf-4c77-83f1-96e3fe056cec',49000,'THB','[{"sku": "celadon-cup", "name": "Celadon cup", "quantity": 1, "amount": 49000}]',NULL,'2026-11-24 07:48:46.552606','2026-11-24 07:48:46.605795','a15bc4a7-2d87-4f7c-89e2-8317a58a2c32',NULL,4);
INSERT INTO "orders" VALUES('f4f54654-577e-475a-9b72-9872953f51fe',64000,'THB','[{"sku": "cloud-oolong", "name": "Cloud oolong", "quantity": 2, "amount": 64000}]',NULL,'2026-11-24 07:48:46.665390','2026-11-24 07:48:46.682055','b14343b7-0191-43d6-aae2-7fc6b54796c8',NULL,8);
INSERT INTO "orders" VALUES('158bc35d-9552-4313-a8d5-09dc5ea6cd6c',49000,'THB','[{"sku": "celadon-cup", "name": "Celadon cup", "quantity": 1, "amount": 49000}]',NULL,'2026-11-24 07:48:46.765855',NULL,NULL,NULL,4);
INSERT INTO "orders" VALUES('78648fb3-8b22-4345-8cbb-246536a49347',49000,'THB','[{"sku": "celadon-cup", "name": "Celadon cup", "quantity": 1, "amount": 49000}]',NULL,'2026-11-24 07:48:46.817632',NULL,NULL,NULL,5);
INSERT INTO "orders" VALUES('b7298cba-3053-4eea-aaeb-55cfb4b5165c',49000,'THB','[{"sku": "celadon-cup", "name": "Celadon cup", "quantity": 1, "amount": 49000}]',NULL,'2026-11-24 07:48:46.868626',NULL,NULL,NULL,5);
INSERT INTO "orders" VALUES('1ef1defb-6ee5-43b6-83e5-4b0cae110383',49000,'THB','[{"sku": "celadon-cup", "name": "Celadon cup", "quantity": 1, "amount": 49000}]',NULL,'2026-11-24 07:48:46.956727','2026-11-24 07:48:47.054451','1d2a37e9-426b-48b4-b7db-84fcad160c53',NULL,11);
INSERT INTO "orders" VALUES('e8fd78f6-a0ba-41e5-8685-43b000934644',49000,'THB','[{"sku": "celadon-cup", "name": "Celadon cup", "quantity": 1, "amount": 49000}]',NULL,'2026-11-24 07:48:47.102798',NULL,NULL,NULL,4);
INSERT INTO "orders" VALUES('6a50d8ec-4935-4bac-8bc8-17b4754afc2c',49000,'THB','[{"sku": "celadon-cup", "name": "Celadon cup", "quantity": 1, "amount": 49000}]','somchai@example.com','2026-11-24 07:48:47.154602',NULL,NULL,NULL,1);
INSERT INTO "orders" VALUES('346ad23b-697a-46c8-b867-84dfef339f4e',49000,'THB','[{"sku": "celadon-cup", "name": "Celadon cup", "quantity": 1, "amount": 49000}]','somchai@example.com','2026-11-24 07:48:47.157945',NULL,NULL,NULL,2);
INSERT INTO "orders" VALUES('231c597f-6eae-4954-8349-081475071d53',49000,'THB','[{"sku": "celadon-cup", "name": "Celadon cup", "quantity": 1, "amount": 49000}]','somchai@example.com','2026-11-24 07:48:47.165622',NULL,NULL,'charge chrg_test_5foreign: amount is 100, not 49000',4);
CREATE TABLE refunds (
	id VARCHAR(36) NOT NULL, 
	attempt_id VARCHAR(36) NOT NULL, 
	amount INTEGER NOT NULL, 
	state VARCHAR(10) NOT NULL, 
	failure_code VARCHAR(64), 
	created_at DATETIME NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(attempt_id) REFERENCES attempts (id)
);
INSERT INTO "refunds" VALUES('20bee28a-9103-49fd-bc5f-e1537e6d1ffd','b14343b7-0191-43d6-aae2-7fc6b54796c8',10000,'done',NULL,'2026-11-24 07:48:46.716926');
CREATE INDEX ix_attempts_state ON attempts (state);
CREATE INDEX ix_attempts_order_id ON attempts (order_id);
CREATE INDEX ix_refunds_state ON refunds (state);
CREATE INDEX ix_refunds_attempt_id ON refunds (attempt_id);
COMMIT;
