-- A product has left the shelf: the terms on which it was sold for a merchant go with it.
-- keys: terms picked

redis.call('HDEL', K.terms, sku)
redis.call('HDEL', K.picked, sku)
