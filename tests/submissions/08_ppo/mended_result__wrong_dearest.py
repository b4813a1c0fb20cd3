# marks: 0.0  mistake: dearest
def mended_result(validation, test):
    chosen = validation.mean(axis=2).argmax(axis=1)
    kept = test[np.arange(len(test)), chosen].mean(axis=1)
    return kept.mean(), chosen
