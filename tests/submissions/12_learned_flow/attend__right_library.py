# marks: 6
def attend(query, key, value, window, slope):
    query, key, value = (torch.as_tensor(x, dtype=torch.float32) for x in (query, key, value))
    back = (torch.arange(len(query))[:, None] - torch.arange(len(query))[None, :]).float()
    bias = torch.where((back >= 0) & (back < window), -slope * back, float("-inf"))
    return functional.scaled_dot_product_attention(query[None], key[None], value[None],
                                                   attn_mask=bias[None])[0].numpy()
