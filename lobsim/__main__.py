"""``python -m lobsim`` is the command ``lobsim``."""

from lobsim.cli import main

main()
