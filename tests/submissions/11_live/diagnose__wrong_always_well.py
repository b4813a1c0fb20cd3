# marks: 1
def diagnose(training, live):
    return "nothing", 0.0
