"""The site file: what an operator writes, validated without touching network or hardware."""
