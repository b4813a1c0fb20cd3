# marks: 2.0  mistake: luckiest_market
def mended_result(validation, test):
    chosen = validation.min(axis=2).argmin(axis=1)
    return test[np.arange(len(test)), chosen].mean(), chosen
