# marks: 4.0
def diagnosis(patient):
    found = {
        "A": "target never updated",
        "B": "rewards not scaled",
        "C": "bootstraps through the end",
        "D": "discount too small",
        "E": "healthy",
        "F": "learning rate too large",
    }
    return found[patient]
