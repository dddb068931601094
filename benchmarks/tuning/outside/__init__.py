"""Other libraries as contenders. Each script runs in an environment of its own, which has that library and not bakeoff.

A script is called with the number of dimensions, the number of trials and the seed. It writes a point of the unit cube
as a JSON list, one a line, and reads its value from a line, once for each trial. At the end it writes the seconds of
processor time that it took to propose and to learn.
"""
