"""What is asked of a dataset, and its SQL; serves the web, pygeoapi's plug-ins and the ETL alike."""
