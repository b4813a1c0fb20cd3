"""From the simulator to the live venue: LEAN as a case, agents exported to it (`lean_export`)."""
