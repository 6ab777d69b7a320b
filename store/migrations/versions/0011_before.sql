-- Indicators tell nothing of fewer persons than this.
ALTER TABLE tenants ADD COLUMN smallest_cell int NOT NULL DEFAULT 5 CHECK (smallest_cell BETWEEN 3 AND 100);
