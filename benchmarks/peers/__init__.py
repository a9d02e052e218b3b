"""This project and its peers on the same scripted work, each in a process and an environment of its own."""
