-- A call of a model is taken off the budgets of a few subjects.
CREATE INDEX budgets_by_subject ON budgets (org_id, subject_type, subject_id);
