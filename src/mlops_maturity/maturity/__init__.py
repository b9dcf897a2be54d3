"""How mature a project is: by the tests that passed, and by the records of what it has really done."""
