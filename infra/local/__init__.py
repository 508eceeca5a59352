"""AWS on one machine: certificate, emulator, rendering, deployment, demonstration."""
