CREATE TABLE public.attempts (
    id character varying(36) NOT NULL,
    order_id character varying(36) NOT NULL,
    number integer NOT NULL,
    form_id character varying(36) NOT NULL,
    state character varying(10) NOT NULL,
    amount integer NOT NULL,
    currency character varying(3) NOT NULL,
    livemode boolean NOT NULL,
    charge_id character varying(64),
    method character varying(64),
    paid_with character varying(60),
    authorized boolean NOT NULL,
    set_aside boolean NOT NULL,
    refunded_amount integer NOT NULL,
    failure_code character varying(64),
    authorize_uri character varying(2048),
    code_uri character varying(2048),
    payment_code character varying(64),
    expires_at timestamp without time zone,
    created_at timestamp without time zone NOT NULL,
    checked_at timestamp without time zone
);
CREATE TABLE public.deliveries (
    event_id character varying(64) NOT NULL,
    key character varying(64) NOT NULL,
    charge_id character varying(64),
    received_at timestamp without time zone NOT NULL
);
CREATE TABLE public.orders (
    id character varying(36) NOT NULL,
    amount integer NOT NULL,
    currency character varying(3) NOT NULL,
    lines json NOT NULL,
    email character varying(254),
    created_at timestamp without time zone NOT NULL,
    paid_at timestamp without time zone,
    paid_by character varying(36),
    needs_attention character varying(500),
    touched integer NOT NULL
);
CREATE TABLE public.refunds (
    id character varying(36) NOT NULL,
    attempt_id character varying(36) NOT NULL,
    amount integer NOT NULL,
    state character varying(10) NOT NULL,
    failure_code character varying(64),
    created_at timestamp without time zone NOT NULL
);
INSERT INTO public.attempts VALUES ('f0f7b97a-6122-4e08-93a4-885e11d45ca0', '65fecf65-d0a7-4649-ba0a-e10861d8c653', 1, 'faa20e98-574c-4087-b3c7-038f8923a870', 'successful', 49000, 'THB', false, 'chrg_test_69s8seyhrgb14yuazp7', 'card', 'Visa •••• 4242', true, false, 0, NULL, 'http://localhost:38271/sandbox/payments/paym_test_69s8seyhuv9mk07f40k/authorize?acs=false', NULL, NULL, '2026-12-01 07:48:57', '2026-11-24 07:48:57.628097', '2026-11-24 07:48:57.679775');
INSERT INTO public.attempts VALUES ('ad76c641-8f3c-4467-ba40-d271431fbd83', 'fd05e531-9c29-4ddb-bbe5-10f7d5f82491', 1, 'bc8c324c-5495-47a2-a1d6-24e5f4d95882', 'pending', 49000, 'THB', false, 'chrg_test_69s8sf0l7my7kksejxx', 'promptpay', NULL, false, false, 0, NULL, 'http://localhost:38271/sandbox/payments/pay2_test_69s8sf0la4gjdnpoqgd/authorize?acs=false', 'http://localhost:38271/sandbox/charges/chrg_test_69s8sf0l7my7kksejxx/documents/docu_test_69s8sf0l9mcmaask90j/downloads/7C3AEFEE918F06B1', NULL, '2026-11-25 07:48:57', '2026-11-24 07:48:57.908185', '2026-11-24 07:48:58.042058');
INSERT INTO public.attempts VALUES ('cdedd1f8-3297-423a-8c4d-7f4ef2fd4a11', '6f5710d5-1c51-4dc9-b339-344d6f507063', 1, 'f8888026-8ce6-49ba-bd37-a371b2eb29ef', 'successful', 64000, 'THB', false, 'chrg_test_69s8sez76pgbt2ec151', 'card', 'Visa •••• 4242', true, false, 10000, NULL, 'http://localhost:38271/sandbox/payments/paym_test_69s8sez79umjjdn3de2/authorize?acs=false', NULL, NULL, '2026-12-01 07:48:57', '2026-11-24 07:48:57.725032', '2026-11-24 07:48:57.821243');
INSERT INTO public.attempts VALUES ('7d0a2316-2fef-451d-a7d0-69aa498d3ce7', '932f09aa-68cf-4a76-8c4c-75a8ab272cc7', 1, 'ba29043b-f825-4cde-8d20-1c2876451767', 'failed', 49000, 'THB', false, 'chrg_test_69s8sf03yhyuiu12qpm', 'card', 'Visa •••• 0011', false, false, 0, 'insufficient_fund', 'http://localhost:38271/sandbox/payments/paym_test_69s8sf040ptwzlp0rag/authorize?acs=false', NULL, NULL, '2026-12-01 07:48:57', '2026-11-24 07:48:57.845591', '2026-11-24 07:48:57.88588');
INSERT INTO public.attempts VALUES ('f94dd77c-dc6f-4d61-8f5b-b2f9ad9945ed', '99ac1cbb-5140-47ab-b0cb-5ad6868ba902', 1, '1cc299af-f10a-479f-ae74-fe8faf769f0f', 'expired', 49000, 'THB', false, 'chrg_test_69s8sf12c73gloili8u', 'promptpay', NULL, false, false, 0, NULL, 'http://localhost:38271/sandbox/payments/pay2_test_69s8sf12f6rcm0i3kzq/authorize?acs=false', 'http://localhost:38271/sandbox/charges/chrg_test_69s8sf12c73gloili8u/documents/docu_test_69s8sf12eml3u0rxxhz/downloads/AEAA2F4C2ED92D6F', NULL, '2026-11-24 07:48:58', '2026-11-24 07:48:57.971561', '2026-11-24 07:48:58.138517');
INSERT INTO public.attempts VALUES ('f87c7e55-e013-483f-ad57-624402bfa2c5', '385bf4b3-9edd-4bc0-8a9c-4f6747b88aa8', 2, '08d2245c-34a4-4136-a020-f0b16e14251e', 'successful', 49000, 'THB', false, 'chrg_test_69s8sf3enermop5094u', 'card', 'Visa •••• 4242', true, false, 0, NULL, 'http://localhost:38271/sandbox/payments/paym_test_69s8sf3epgkwojfxvqy/authorize?acs=false', NULL, NULL, '2026-12-01 07:48:58', '2026-11-24 07:48:58.277093', '2026-11-24 07:48:58.319049');
INSERT INTO public.attempts VALUES ('888d4e88-072a-4bec-9358-9373fb1e3b77', '385bf4b3-9edd-4bc0-8a9c-4f6747b88aa8', 1, 'eef71afc-3b46-4398-b5c8-0dc70b098ef3', 'expired', 49000, 'THB', false, 'chrg_test_69s8sf2m76u48zxvnej', 'promptpay', NULL, false, true, 0, NULL, 'http://localhost:38271/sandbox/payments/pay2_test_69s8sf2m9i5ouvlncg5/authorize?acs=false', 'http://localhost:38271/sandbox/charges/chrg_test_69s8sf2m76u48zxvnej/documents/docu_test_69s8sf2m8zwe8c64xqq/downloads/FD3ECB8618BF2D01', NULL, '2026-11-24 07:48:58', '2026-11-24 07:48:58.171886', '2026-11-24 07:48:58.250268');
INSERT INTO public.attempts VALUES ('ac5fdcec-4cac-4db0-9529-2245b4ed4705', '0ce1144f-3b95-4eb4-9355-c04cfdba2bf0', 1, 'fb6d3c53-2ac4-438e-8d6b-b20b3bdad5b8', 'pending', 49000, 'THB', false, 'chrg_test_69s8sf400m4iwkruiey', 'card', 'Visa •••• 4242', false, false, 0, NULL, 'http://localhost:38271/sandbox/payments/paym_test_69s8sf402v9efqx618s/authorize', NULL, NULL, '2026-12-01 07:48:58', '2026-11-24 07:48:58.357182', '2026-11-24 07:48:58.400376');
INSERT INTO public.attempts VALUES ('6a0a5e83-7b8c-4968-bb5c-eefe662ff85f', '78161cee-1ba1-41d5-b3ed-82d176450187', 1, '17e6255e-70b7-486c-b7ff-92ebd9fd0755', 'created', 49000, 'THB', false, NULL, NULL, NULL, false, false, 0, NULL, NULL, NULL, NULL, NULL, '2026-11-24 07:48:58.424381', NULL);
INSERT INTO public.attempts VALUES ('c7f7d460-7f9f-4579-997a-765410262911', 'c2170662-5300-408f-8853-8e819e8f8707', 1, 'd8d508c3-7439-4b57-9b05-1ef977206fa7', 'sent', 49000, 'THB', false, NULL, NULL, NULL, false, false, 0, NULL, NULL, NULL, NULL, NULL, '2026-11-24 07:48:58.428914', NULL);
INSERT INTO public.attempts VALUES ('4967357c-48b0-4541-b556-f134de15aae7', 'b459fe3f-9cd4-4551-9a57-21570724cf16', 1, '8d9289a1-3319-42d4-bb6c-e10f90cee5c7', 'unknown', 49000, 'THB', false, NULL, NULL, NULL, false, false, 0, NULL, NULL, NULL, NULL, NULL, '2026-11-24 07:48:58.440697', NULL);
INSERT INTO public.deliveries VALUES ('evnt_test_69s8seyi15fnt3w0v5s', 'charge.create', 'chrg_test_69s8seyhrgb14yuazp7', '2026-11-24 07:48:57.65867');
INSERT INTO public.deliveries VALUES ('evnt_test_69s8sez7gajzrnm2vra', 'charge.create', 'chrg_test_69s8sez76pgbt2ec151', '2026-11-24 07:48:57.744696');
INSERT INTO public.deliveries VALUES ('evnt_test_69s8sezm140ex4ktai7', 'refund.create', 'chrg_test_69s8sez76pgbt2ec151', '2026-11-24 07:48:57.797917');
INSERT INTO public.deliveries VALUES ('evnt_test_69s8sf044420rhp85kc', 'charge.create', 'chrg_test_69s8sf03yhyuiu12qpm', '2026-11-24 07:48:57.862648');
INSERT INTO public.deliveries VALUES ('evnt_test_69s8sf0led2vgt6el6h', 'charge.create', 'chrg_test_69s8sf0l7my7kksejxx', '2026-11-24 07:48:57.927458');
INSERT INTO public.deliveries VALUES ('evnt_test_69s8sf12jb02aubosi7', 'charge.create', 'chrg_test_69s8sf12c73gloili8u', '2026-11-24 07:48:57.990093');
INSERT INTO public.deliveries VALUES ('evnt_test_69s8sf1c4dr0bzkkg8z', 'charge.expire', 'chrg_test_69s8sf12c73gloili8u', '2026-11-24 07:48:58.025638');
INSERT INTO public.deliveries VALUES ('evnt_test_69s8sf2mdmryfq08gva', 'charge.create', 'chrg_test_69s8sf2m76u48zxvnej', '2026-11-24 07:48:58.196276');
INSERT INTO public.deliveries VALUES ('evnt_test_69s8sf2w6j2a1teyvmo', 'charge.expire', 'chrg_test_69s8sf2m76u48zxvnej', '2026-11-24 07:48:58.22929');
INSERT INTO public.deliveries VALUES ('evnt_test_69s8sf3euy6cghwahyy', 'charge.create', 'chrg_test_69s8sf3enermop5094u', '2026-11-24 07:48:58.29814');
INSERT INTO public.deliveries VALUES ('evnt_test_69s8sf406ebrr69qzi9', 'charge.create', 'chrg_test_69s8sf400m4iwkruiey', '2026-11-24 07:48:58.378331');
INSERT INTO public.orders VALUES ('65fecf65-d0a7-4649-ba0a-e10861d8c653', 49000, 'THB', '[{"sku": "celadon-cup", "name": "Celadon cup", "quantity": 1, "amount": 49000}]', NULL, '2026-11-24 07:48:57.62048', '2026-11-24 07:48:57.663732', 'f0f7b97a-6122-4e08-93a4-885e11d45ca0', NULL, 4);
INSERT INTO public.orders VALUES ('385bf4b3-9edd-4bc0-8a9c-4f6747b88aa8', 49000, 'THB', '[{"sku": "celadon-cup", "name": "Celadon cup", "quantity": 1, "amount": 49000}]', NULL, '2026-11-24 07:48:58.168268', '2026-11-24 07:48:58.301709', 'f87c7e55-e013-483f-ad57-624402bfa2c5', NULL, 11);
INSERT INTO public.orders VALUES ('6f5710d5-1c51-4dc9-b339-344d6f507063', 64000, 'THB', '[{"sku": "cloud-oolong", "name": "Cloud oolong", "quantity": 2, "amount": 64000}]', NULL, '2026-11-24 07:48:57.721549', '2026-11-24 07:48:57.74579', 'cdedd1f8-3297-423a-8c4d-7f4ef2fd4a11', NULL, 8);
INSERT INTO public.orders VALUES ('0ce1144f-3b95-4eb4-9355-c04cfdba2bf0', 49000, 'THB', '[{"sku": "celadon-cup", "name": "Celadon cup", "quantity": 1, "amount": 49000}]', NULL, '2026-11-24 07:48:58.353997', NULL, NULL, NULL, 4);
INSERT INTO public.orders VALUES ('78161cee-1ba1-41d5-b3ed-82d176450187', 49000, 'THB', '[{"sku": "celadon-cup", "name": "Celadon cup", "quantity": 1, "amount": 49000}]', 'somchai@example.com', '2026-11-24 07:48:58.421211', NULL, NULL, NULL, 1);
INSERT INTO public.orders VALUES ('932f09aa-68cf-4a76-8c4c-75a8ab272cc7', 49000, 'THB', '[{"sku": "celadon-cup", "name": "Celadon cup", "quantity": 1, "amount": 49000}]', NULL, '2026-11-24 07:48:57.842281', NULL, NULL, NULL, 4);
INSERT INTO public.orders VALUES ('c2170662-5300-408f-8853-8e819e8f8707', 49000, 'THB', '[{"sku": "celadon-cup", "name": "Celadon cup", "quantity": 1, "amount": 49000}]', 'somchai@example.com', '2026-11-24 07:48:58.426014', NULL, NULL, NULL, 2);
INSERT INTO public.orders VALUES ('fd05e531-9c29-4ddb-bbe5-10f7d5f82491', 49000, 'THB', '[{"sku": "celadon-cup", "name": "Celadon cup", "quantity": 1, "amount": 49000}]', NULL, '2026-11-24 07:48:57.904645', NULL, NULL, NULL, 5);
INSERT INTO public.orders VALUES ('b459fe3f-9cd4-4551-9a57-21570724cf16', 49000, 'THB', '[{"sku": "celadon-cup", "name": "Celadon cup", "quantity": 1, "amount": 49000}]', 'somchai@example.com', '2026-11-24 07:48:58.437869', NULL, NULL, 'charge chrg_test_5foreign: amount is 100, not 49000', 4);
INSERT INTO public.orders VALUES ('99ac1cbb-5140-47ab-b0cb-5ad6868ba902', 49000, 'THB', '[{"sku": "celadon-cup", "name": "Celadon cup", "quantity": 1, "amount": 49000}]', NULL, '2026-11-24 07:48:57.968528', NULL, NULL, NULL, 6);
INSERT INTO public.refunds VALUES ('eb9b6c44-384f-4937-84d6-1297fdc8f39c', 'cdedd1f8-3297-423a-8c4d-7f4ef2fd4a11', 10000, 'done', NULL, '2026-11-24 07:48:57.787204');
ALTER TABLE ONLY public.attempts
    ADD CONSTRAINT attempts_charge_id_key UNIQUE (charge_id);
ALTER TABLE ONLY public.attempts
    ADD CONSTRAINT attempts_form_id_key UNIQUE (form_id);
ALTER TABLE ONLY public.attempts
    ADD CONSTRAINT attempts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT deliveries_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.refunds
    ADD CONSTRAINT refunds_pkey PRIMARY KEY (id);
CREATE INDEX ix_attempts_order_id ON public.attempts USING btree (order_id);
CREATE INDEX ix_attempts_state ON public.attempts USING btree (state);
CREATE INDEX ix_refunds_attempt_id ON public.refunds USING btree (attempt_id);
CREATE INDEX ix_refunds_state ON public.refunds USING btree (state);
ALTER TABLE ONLY public.attempts
    ADD CONSTRAINT attempts_order_id_fkey FOREIGN KEY (order_id) REFERENCES public.orders(id);
ALTER TABLE ONLY public.refunds
    ADD CONSTRAINT refunds_attempt_id_fkey FOREIGN KEY (attempt_id) REFERENCES public.attempts(id);
