"""Remote endpoints that speak the OpenAI protocol: aliases of the settings, asked for a text a row."""
