"""How mature the project is: which requirements of its level hold, and its ML Test Score, by the tests that passed."""
