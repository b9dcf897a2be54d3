"""From the model in production to a service that answers with it: its image, and where that is brought."""
