# marks: 5.0
def mended_result(validation, test):
    choice = pd.DataFrame(validation.mean(axis=2)).idxmin(axis=1).to_numpy()
    table = pd.DataFrame(test.mean(axis=2)).to_numpy()
    return np.take_along_axis(table, choice[:, None], axis=1).mean(), choice
