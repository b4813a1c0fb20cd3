# marks: 6.0
def diagnosis(patient):
    found = {
        "A": "target never updated",
        "B": "rewards not scaled",
        "C": "healthy",
        "D": "discount too small",
        "E": "bootstraps through the end",
        "F": "learning rate too large",
    }
    return found[patient]
