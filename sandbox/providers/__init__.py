"""The five APIs, one module each, with what only it needs beside it."""
