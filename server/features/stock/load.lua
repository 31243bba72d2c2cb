-- Adds the sales, in the order they were opened.
-- keys: sales stock
-- uses: sales

loaded.sales = sale_views()
