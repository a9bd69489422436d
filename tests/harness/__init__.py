"""What the end-to-end tests and the demo judge nats3 with; see README.md."""
