# marks: 0.5  mistake: row_only
def nbbo(quotes):
    return quotes["bid"].to_numpy(), quotes["ask"].to_numpy()
