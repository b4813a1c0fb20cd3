# marks: 0.0  mistake: never_forgets
def nbbo(quotes):
    return quotes["bid"].cummax().to_numpy(), quotes["ask"].cummin().to_numpy()
