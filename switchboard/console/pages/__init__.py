"""The console's pages: what people see and press. The API beside them (console/routes.py) is for programs."""
