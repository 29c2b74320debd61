"""The authors' own files, which exist only in their docker image: trained networks as pickled modules, and a prior.

The real files were not at hand when this was written: it is tried on tiny networks of the authors' classes
(docs/released-weights.md).
"""
