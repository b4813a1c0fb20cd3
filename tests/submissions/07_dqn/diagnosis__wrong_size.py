# marks: 4.0  mistake: size
def diagnosis(patient):
    found = {
        "A": "target never updated",
        "B": "learning rate too large",
        "C": "healthy",
        "D": "discount too small",
        "E": "bootstraps through the end",
        "F": "rewards not scaled",
    }
    return found[patient]
