# Read by the `flask` command only, never by a production server.
FLASK_APP=app
OMISE_SANDBOX=auto
