"""Keras's layers: by its names and settings, told in its words; within, channels stand first as everywhere here."""
