"""What a pipeline gets right on a corpus, counted by document, so that scores get intervals."""
