"""The checks of delivery: each is a command, says what it compared, and is what a deployment is held to."""
