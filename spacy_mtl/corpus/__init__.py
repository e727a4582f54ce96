"""The corpus station: which examples come next, and which tasks do they annotate?"""
