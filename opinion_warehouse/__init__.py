"""An Airflow-orchestrated PostgreSQL warehouse of public opinion."""

__version__ = "0.1.0"
