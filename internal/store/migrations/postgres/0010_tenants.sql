-- +goose Up
-- A repository belongs to one installation. PostgreSQL takes the two for independent of each other, and so expects one row of a
-- repository that has ten thousand: then it finds any index that begins with them as good as the right one, and reads all of the
-- repository's rows.
CREATE STATISTICS verdict_tenant (ndistinct, dependencies) ON installation_id, repository_id FROM verdict;
CREATE STATISTICS pull_tenant (ndistinct, dependencies) ON installation_id, repository_id FROM pull;
CREATE STATISTICS pull_verdict_tenant (ndistinct, dependencies) ON installation_id, repository_id FROM pull_verdict;
CREATE STATISTICS ledger_tenant (ndistinct, dependencies) ON installation_id, repository_id FROM ledger;
CREATE STATISTICS check_run_tenant (ndistinct, dependencies) ON installation_id, repository_id FROM check_run;
CREATE STATISTICS acknowledgement_tenant (ndistinct, dependencies) ON installation_id, repository_id FROM acknowledgement;
CREATE STATISTICS deployment_tenant (ndistinct, dependencies) ON installation_id, repository_id FROM deployment;
CREATE STATISTICS test_debt_tenant (ndistinct, dependencies) ON installation_id, repository_id FROM test_debt;
CREATE STATISTICS evidence_tenant (ndistinct, dependencies) ON installation_id, repository_id FROM evidence;
CREATE STATISTICS evidence_suite_tenant (ndistinct, dependencies) ON installation_id, repository_id FROM evidence_suite;
CREATE STATISTICS run_seen_tenant (ndistinct, dependencies) ON installation_id, repository_id FROM run_seen;
CREATE STATISTICS tested_check_tenant (ndistinct, dependencies) ON installation_id, repository_id FROM tested_check;
CREATE STATISTICS cost_share_tenant (ndistinct, dependencies) ON installation_id, repository_id FROM cost_share;
CREATE STATISTICS cost_week_tenant (ndistinct, dependencies) ON installation_id, repository_id FROM cost_week;
CREATE STATISTICS cache_entry_tenant (ndistinct, dependencies) ON installation_id, repository_id FROM cache_entry;
CREATE STATISTICS document_tenant (ndistinct, dependencies) ON installation_id, repository_id FROM document;
CREATE STATISTICS work_tenant (ndistinct, dependencies) ON installation_id, repository_id FROM work;
ANALYZE verdict, pull, pull_verdict, ledger, check_run, acknowledgement, deployment, test_debt, evidence, evidence_suite, run_seen, tested_check, cost_share, cost_week, cache_entry, document, work;

CREATE INDEX claim_age ON claim (claimed);
