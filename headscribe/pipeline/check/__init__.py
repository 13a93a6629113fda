"""Does the map predict the running model?"""
