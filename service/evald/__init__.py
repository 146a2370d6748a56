"""evald: is the new model really better, where, and by how much?"""
