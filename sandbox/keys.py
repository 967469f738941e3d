"""Name the keys and the secret that every sandbox goes by; they are good for nothing elsewhere."""

PUBLIC_KEY = "pkey_test_5sandbox00000000000"
SECRET_KEY = "skey_test_5sandbox00000000000"
WEBHOOK_SECRET = "c2FuZGJveC1zZWNyZXQ="
