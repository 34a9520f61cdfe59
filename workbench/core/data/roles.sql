-- What the office's database itself refuses. Run by the owner (`workbench roles apply`), again after every upgrade; each
-- statement can be run twice. {schema} is the book's schema, {prefix} begins the names of its group roles, {anybody} etc.
-- are those roles, quoted; {private} lists the kinds shown only to some, {staff_roles} every role a person can have.

-- The journal: written in one's own name, after the last entry, now; never changed.

CREATE OR REPLACE FUNCTION {schema}.journal_head(OUT seq bigint, OUT hash text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
    SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1
$$;

CREATE OR REPLACE FUNCTION {schema}.journal_hidden() RETURNS TABLE (seq bigint, previous_hash text, hash text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
    SELECT seq, previous_hash, hash FROM journal WHERE {private}
$$;

CREATE OR REPLACE FUNCTION {schema}.journal_follows() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
DECLARE odd record;
BEGIN
    SELECT entry.seq INTO odd FROM entered entry LEFT JOIN journal before ON before.seq = entry.seq - 1
     WHERE entry.previous_hash <> coalesce(before.hash, repeat('0', 64)) OR (before.seq IS NULL AND entry.seq <> 1) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'journal entry % does not follow the one before', odd.seq USING ERRCODE = '42501';
    END IF;
    SELECT entry.seq INTO odd FROM entered entry
     WHERE entry.at::timestamptz NOT BETWEEN transaction_timestamp() - interval '5 minutes' AND clock_timestamp() + interval '5 minutes'
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'journal entry % does not say the time it is written (is this machine''s clock right?)', odd.seq
            USING ERRCODE = '42501';
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER journal_follows AFTER INSERT ON {schema}.journal
    REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION {schema}.journal_follows();

CREATE OR REPLACE FUNCTION {schema}.journal_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is never changed' USING ERRCODE = '42501';
END $$;
CREATE OR REPLACE TRIGGER journal_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.journal
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.journal_stays();

-- Numbers only grow.

CREATE OR REPLACE FUNCTION {schema}.serial_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.kind <> OLD.kind OR NEW.last < OLD.last THEN
        RAISE EXCEPTION 'numbers of % are given once only', OLD.kind USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER serial_grows BEFORE UPDATE ON {schema}.serial FOR EACH ROW EXECUTE FUNCTION {schema}.serial_grows();

-- Runs: one prepares, another approves and seals; each step in one's own name, on the digest that was prepared.

CREATE OR REPLACE FUNCTION {schema}.run_four_eyes() RETURNS trigger LANGUAGE plpgsql SET search_path = {schema}, pg_temp AS $$
DECLARE
    approver boolean := pg_has_role(current_user, '{prefix}approver', 'USAGE');
BEGIN
    IF NOT row_security_active('journal') THEN
        RETURN NEW;  -- the owner, whose password lies in the safe
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'prepared' OR NEW.prepared_by <> current_user
           OR NEW.approved_by || NEW.approved_at || NEW.approved_digest || NEW.sealed_by || NEW.sealed_at <> '' THEN
            RAISE EXCEPTION 'a run begins as prepared, by the person at work' USING ERRCODE = '42501';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.period, NEW.currency, NEW.digest, NEW.folder, NEW.corrects, NEW.prepared_by, NEW.prepared_at)
       IS DISTINCT FROM (OLD.id, OLD.period, OLD.currency, OLD.digest, OLD.folder, OLD.corrects, OLD.prepared_by, OLD.prepared_at) THEN
        RAISE EXCEPTION 'what was prepared stays as it was prepared: %', OLD.id USING ERRCODE = '42501';
    END IF;
    IF OLD.state = 'sealed' THEN
        RAISE EXCEPTION 'a sealed run is final: %', OLD.id USING ERRCODE = '42501';
    END IF;
    IF NEW.state = 'approved' AND OLD.state = 'prepared' THEN
        IF NOT approver OR NEW.approved_by <> current_user OR OLD.prepared_by = current_user
           OR NEW.approved_digest <> OLD.digest OR NEW.sealed_by || NEW.sealed_at <> '' THEN
            RAISE EXCEPTION 'a run is approved by an approver who did not prepare it, in their own name: %', OLD.id
                USING ERRCODE = '42501';
        END IF;
    ELSIF NEW.state = 'sealed' AND OLD.state = 'approved' THEN
        IF NOT approver OR NEW.sealed_by <> current_user OR OLD.prepared_by = current_user
           OR (NEW.approved_by, NEW.approved_at, NEW.approved_digest) IS DISTINCT FROM (OLD.approved_by, OLD.approved_at, OLD.approved_digest) THEN
            RAISE EXCEPTION 'a run is sealed by an approver who did not prepare it, in their own name: %', OLD.id
                USING ERRCODE = '42501';
        END IF;
    ELSE
        RAISE EXCEPTION 'a run goes from prepared to approved to sealed: %', OLD.id USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER run_four_eyes BEFORE INSERT OR UPDATE ON {schema}.run
    FOR EACH ROW EXECUTE FUNCTION {schema}.run_four_eyes();

CREATE OR REPLACE FUNCTION {schema}.money_of_approved_run() RETURNS trigger
LANGUAGE plpgsql SET search_path = {schema}, pg_temp AS $$
DECLARE odd record;
BEGIN
    IF NOT row_security_active('journal') THEN
        RETURN NULL;
    END IF;
    SELECT money.run_id INTO odd FROM entered money LEFT JOIN run ON run.id = money.run_id
     WHERE run.state IS DISTINCT FROM 'approved' OR run.prepared_by = current_user LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'money is posted for an approved run, by somebody who did not prepare it: %', odd.run_id
            USING ERRCODE = '42501';
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER posting_of_approved_run AFTER INSERT ON {schema}.posting
    REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION {schema}.money_of_approved_run();
CREATE OR REPLACE TRIGGER receipt_of_approved_run AFTER INSERT ON {schema}.run_receipt
    REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION {schema}.money_of_approved_run();

-- What decides about money or people never goes past the journal: the entry is in the same transaction, or nothing is.

CREATE OR REPLACE FUNCTION {schema}.is_in_journal() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
DECLARE
    its_id text := CASE TG_TABLE_NAME WHEN 'staff' THEN to_jsonb(NEW)->>'user_name' ELSE to_jsonb(NEW)->>'id' END;
BEGIN
    IF NOT EXISTS (
        SELECT FROM journal WHERE kind = TG_TABLE_NAME AND entity_id = its_id
           AND journal.xmin::text = pg_current_xact_id()::xid::text
    ) THEN
        RAISE EXCEPTION 'the journal says nothing of this change of % %', TG_TABLE_NAME, its_id USING ERRCODE = '42501';
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS run_is_in_journal ON {schema}.run;
CREATE CONSTRAINT TRIGGER run_is_in_journal AFTER INSERT OR UPDATE ON {schema}.run
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {schema}.is_in_journal();
DROP TRIGGER IF EXISTS staff_is_in_journal ON {schema}.staff;
CREATE CONSTRAINT TRIGGER staff_is_in_journal AFTER INSERT OR UPDATE ON {schema}.staff
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {schema}.is_in_journal();

-- People: every account of the staff is a role of the database with the group roles it says, from the same transaction on.

CREATE OR REPLACE FUNCTION {schema}.keep_person(person text, roles text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
DECLARE
    known record;
    role text;
BEGIN
    SELECT oid, shobj_description(oid, 'pg_authid') AS said INTO known FROM pg_roles WHERE rolname = person;
    IF NOT FOUND THEN
        EXECUTE format('CREATE ROLE %I NOLOGIN', person);
        EXECUTE format('COMMENT ON ROLE %I IS %L', person, 'workbench person');
    ELSIF known.said IS DISTINCT FROM 'workbench person' THEN
        RAISE EXCEPTION 'the database has a role % that is no person of the workbench: take another user name', person
            USING ERRCODE = '42501';
    END IF;
    FOREACH role IN ARRAY ARRAY[{staff_roles}] LOOP
        IF role = ANY (string_to_array(roles, ' ')) THEN
            EXECUTE format('GRANT %I TO %I', '{prefix}' || role, person);
        ELSE
            EXECUTE format('REVOKE %I FROM %I', '{prefix}' || role, person);
        END IF;
    END LOOP;
    IF roles <> '' THEN
        EXECUTE format('GRANT %I TO %I', '{prefix}person', person);
        EXECUTE format('GRANT %I TO %I', person, '{prefix}service');
    ELSE
        EXECUTE format('REVOKE %I FROM %I', '{prefix}person', person);
        EXECUTE format('REVOKE %I FROM %I', person, '{prefix}service');
    END IF;
END $$;
REVOKE ALL ON FUNCTION {schema}.keep_person(text, text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION {schema}.staff_is_kept() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
BEGIN
    PERFORM keep_person(NEW.user_name, CASE WHEN NEW.disabled_at = '' THEN NEW.roles ELSE '' END);
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER staff_is_kept AFTER INSERT OR UPDATE OF roles, disabled_at ON {schema}.staff
    FOR EACH ROW EXECUTE FUNCTION {schema}.staff_is_kept();

CREATE OR REPLACE FUNCTION {schema}.staff_by_another() RETURNS trigger
LANGUAGE plpgsql SET search_path = {schema}, pg_temp AS $$
BEGIN
    IF row_security_active('journal') AND TG_OP = 'UPDATE' THEN
        IF NEW.user_name <> OLD.user_name THEN
            RAISE EXCEPTION 'an account keeps its user name: %', OLD.user_name USING ERRCODE = '42501';
        ELSIF OLD.user_name = current_user AND (NEW.roles, NEW.disabled_at) <> (OLD.roles, OLD.disabled_at) THEN
            RAISE EXCEPTION 'nobody changes their own roles: %', current_user USING ERRCODE = '42501';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER staff_by_another BEFORE UPDATE ON {schema}.staff
    FOR EACH ROW EXECUTE FUNCTION {schema}.staff_by_another();

CREATE OR REPLACE FUNCTION {schema}.let_in(person text, verifier text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM staff WHERE user_name = person AND disabled_at = '') THEN
        RAISE EXCEPTION 'no account of the staff: %', person USING ERRCODE = '42501';
    ELSIF verifier NOT LIKE 'SCRAM-SHA-256$%' THEN
        RAISE EXCEPTION 'a password reaches the database only as a SCRAM verifier' USING ERRCODE = '42501';
    ELSIF EXISTS (
        SELECT FROM pg_auth_members AS member JOIN pg_roles AS held ON held.oid = member.roleid
         WHERE member.member = quote_ident(person)::regrole AND NOT starts_with(held.rolname, '{prefix}')
    ) THEN
        RAISE EXCEPTION '% is known to another book of this server: its owner gives the password', person USING ERRCODE = '42501';
    END IF;
    EXECUTE format('ALTER ROLE %I LOGIN PASSWORD %L', person, verifier);
END $$;
REVOKE ALL ON FUNCTION {schema}.let_in(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {schema}.let_in(text, text) TO {admin};
