-- The tables of version 2, as the grader of that version made them, with a few rows.
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE audit (
	id INTEGER NOT NULL, 
	at VARCHAR(40) NOT NULL, 
	who TEXT NOT NULL, 
	action VARCHAR(100) NOT NULL, 
	student VARCHAR(100) NOT NULL, 
	assignment VARCHAR(100) NOT NULL, 
	what TEXT NOT NULL, 
	why TEXT NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "audit" VALUES(1,'2026-11-26T18:43:56.412428+00:00','root','roster','s1','','is new: 张三, z@x.cn, A, zhang','','3503eecf57a11eb9d7fe946873d1ee6235c761a4314432358f278bad242fe027');
INSERT INTO "audit" VALUES(2,'2026-11-26T18:43:56.412428+00:00','root','roster','s2','','is new','','8e634cc39755d4b8db26c1b22fb5bd9953d1f3f66db893384010ec1b7a5d5bc3');
INSERT INTO "audit" VALUES(3,'2026-11-26T18:43:56.416839+00:00','王','mark','s1','gd','w1: points 4.5, comment 好','','c4cb31ec95669ba9b28225ceabe18184bbe254a73e727eee772f994d7b1e793d');
CREATE TABLE comments (
	id INTEGER NOT NULL, 
	assignment VARCHAR(100) NOT NULL, 
	student VARCHAR(100) NOT NULL, 
	question VARCHAR(100) NOT NULL, 
	text TEXT NOT NULL, 
	author TEXT NOT NULL, 
	entered_at VARCHAR(40) NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE criterion_scores (
	id INTEGER NOT NULL, 
	subject VARCHAR(100) NOT NULL, 
	team BOOLEAN NOT NULL, 
	criterion VARCHAR(100) NOT NULL, 
	level VARCHAR(100) NOT NULL, 
	points VARCHAR(40), 
	marker VARCHAR(100) NOT NULL, 
	comment TEXT NOT NULL, 
	entered_at VARCHAR(40) NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE extensions (
	id INTEGER NOT NULL, 
	assignment VARCHAR(100) NOT NULL, 
	student VARCHAR(100) NOT NULL, 
	until VARCHAR(40), 
	hours VARCHAR(40), 
	reason TEXT NOT NULL, 
	author TEXT NOT NULL, 
	entered_at VARCHAR(40) NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE marks (
	id INTEGER NOT NULL, 
	assignment VARCHAR(100) NOT NULL, 
	student VARCHAR(100) NOT NULL, 
	question VARCHAR(100) NOT NULL, 
	points VARCHAR(40) NOT NULL, 
	comment TEXT NOT NULL, 
	marker TEXT NOT NULL, 
	entered_at VARCHAR(40) NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "marks" VALUES(1,'gd','s1','w1','4.5','好','王','2026-11-26T18:43:56.416374+00:00');
CREATE TABLE memberships (
	id INTEGER NOT NULL, 
	student VARCHAR(100) NOT NULL, 
	team VARCHAR(100) NOT NULL, 
	adjustment VARCHAR(40) NOT NULL, 
	reason TEXT NOT NULL, 
	marker TEXT NOT NULL, 
	entered_at VARCHAR(40) NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE meta (
	name VARCHAR(40) NOT NULL, 
	value VARCHAR(200) NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "meta" VALUES('schema_version','2');
CREATE TABLE overrides (
	id INTEGER NOT NULL, 
	assignment VARCHAR(100) NOT NULL, 
	student VARCHAR(100) NOT NULL, 
	scope VARCHAR(100) NOT NULL, 
	target VARCHAR(100) NOT NULL, 
	points VARCHAR(40), 
	reason TEXT NOT NULL, 
	author TEXT NOT NULL, 
	entered_at VARCHAR(40) NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE participation (
	id INTEGER NOT NULL, 
	student VARCHAR(100) NOT NULL, 
	score VARCHAR(40) NOT NULL, 
	comment TEXT NOT NULL, 
	marker TEXT NOT NULL, 
	entered_at VARCHAR(40) NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE project (
	id INTEGER NOT NULL, 
	student VARCHAR(100) NOT NULL, 
	score VARCHAR(40) NOT NULL, 
	comment TEXT NOT NULL, 
	marker TEXT NOT NULL, 
	entered_at VARCHAR(40) NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE results (
	id INTEGER NOT NULL, 
	assignment VARCHAR(100) NOT NULL, 
	student VARCHAR(100) NOT NULL, 
	attempt INTEGER NOT NULL, 
	"key" VARCHAR(200) NOT NULL, 
	verdict VARCHAR(40) NOT NULL, 
	earned VARCHAR(40) NOT NULL, 
	points VARCHAR(40) NOT NULL, 
	undecided VARCHAR(40) NOT NULL, 
	submitted_at VARCHAR(40), 
	graded_at VARCHAR(40) NOT NULL, 
	isolation INTEGER, 
	document TEXT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE session_records (
	id INTEGER NOT NULL, 
	student VARCHAR(100) NOT NULL, 
	held_on DATE NOT NULL, 
	label VARCHAR(100) NOT NULL, 
	kind VARCHAR(100) NOT NULL, 
	value VARCHAR(40), 
	maximum VARCHAR(40), 
	comment TEXT NOT NULL, 
	marker TEXT NOT NULL, 
	entered_at VARCHAR(40) NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE students (
	id VARCHAR(100) NOT NULL, 
	name TEXT NOT NULL, 
	email TEXT NOT NULL, 
	section TEXT NOT NULL, 
	github TEXT NOT NULL, 
	active BOOLEAN DEFAULT 1 NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "students" VALUES('s1','张三','z@x.cn','A','zhang',1);
INSERT INTO "students" VALUES('s2','','','','',1);
CREATE TABLE submissions (
	id INTEGER NOT NULL, 
	assignment VARCHAR(100) NOT NULL, 
	student VARCHAR(100) NOT NULL, 
	attempt INTEGER NOT NULL, 
	submitted_at VARCHAR(40), 
	source TEXT NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	file_name TEXT NOT NULL, 
	note TEXT NOT NULL, 
	collected_at VARCHAR(40) NOT NULL, 
	PRIMARY KEY (id)
);
CREATE INDEX results_current ON results (assignment, student, attempt, id);
CREATE TRIGGER results_no_update BEFORE UPDATE ON results BEGIN SELECT RAISE(ABORT, 'rows of results are kept for good'); END;
CREATE TRIGGER results_no_delete BEFORE DELETE ON results BEGIN SELECT RAISE(ABORT, 'rows of results are kept for good'); END;
CREATE INDEX marks_current ON marks (assignment, student, question, id);
CREATE TRIGGER marks_no_update BEFORE UPDATE ON marks BEGIN SELECT RAISE(ABORT, 'rows of marks are kept for good'); END;
CREATE TRIGGER marks_no_delete BEFORE DELETE ON marks BEGIN SELECT RAISE(ABORT, 'rows of marks are kept for good'); END;
CREATE INDEX participation_current ON participation (student, id);
CREATE TRIGGER participation_no_update BEFORE UPDATE ON participation BEGIN SELECT RAISE(ABORT, 'rows of participation are kept for good'); END;
CREATE TRIGGER participation_no_delete BEFORE DELETE ON participation BEGIN SELECT RAISE(ABORT, 'rows of participation are kept for good'); END;
CREATE INDEX project_current ON project (student, id);
CREATE TRIGGER project_no_update BEFORE UPDATE ON project BEGIN SELECT RAISE(ABORT, 'rows of project are kept for good'); END;
CREATE TRIGGER project_no_delete BEFORE DELETE ON project BEGIN SELECT RAISE(ABORT, 'rows of project are kept for good'); END;
CREATE INDEX submissions_current ON submissions (assignment, student, attempt, id);
CREATE TRIGGER submissions_no_update BEFORE UPDATE ON submissions BEGIN SELECT RAISE(ABORT, 'rows of submissions are kept for good'); END;
CREATE TRIGGER submissions_no_delete BEFORE DELETE ON submissions BEGIN SELECT RAISE(ABORT, 'rows of submissions are kept for good'); END;
CREATE INDEX session_records_current ON session_records (student, held_on, label, kind, id);
CREATE TRIGGER session_records_no_update BEFORE UPDATE ON session_records BEGIN SELECT RAISE(ABORT, 'rows of session_records are kept for good'); END;
CREATE TRIGGER session_records_no_delete BEFORE DELETE ON session_records BEGIN SELECT RAISE(ABORT, 'rows of session_records are kept for good'); END;
CREATE INDEX criterion_scores_current ON criterion_scores (team, subject, criterion, marker, id);
CREATE TRIGGER criterion_scores_no_update BEFORE UPDATE ON criterion_scores BEGIN SELECT RAISE(ABORT, 'rows of criterion_scores are kept for good'); END;
CREATE TRIGGER criterion_scores_no_delete BEFORE DELETE ON criterion_scores BEGIN SELECT RAISE(ABORT, 'rows of criterion_scores are kept for good'); END;
CREATE INDEX memberships_current ON memberships (student, id);
CREATE TRIGGER memberships_no_update BEFORE UPDATE ON memberships BEGIN SELECT RAISE(ABORT, 'rows of memberships are kept for good'); END;
CREATE TRIGGER memberships_no_delete BEFORE DELETE ON memberships BEGIN SELECT RAISE(ABORT, 'rows of memberships are kept for good'); END;
CREATE INDEX extensions_current ON extensions (assignment, student, id);
CREATE TRIGGER extensions_no_update BEFORE UPDATE ON extensions BEGIN SELECT RAISE(ABORT, 'rows of extensions are kept for good'); END;
CREATE TRIGGER extensions_no_delete BEFORE DELETE ON extensions BEGIN SELECT RAISE(ABORT, 'rows of extensions are kept for good'); END;
CREATE INDEX overrides_current ON overrides (assignment, student, scope, target, id);
CREATE TRIGGER overrides_no_update BEFORE UPDATE ON overrides BEGIN SELECT RAISE(ABORT, 'rows of overrides are kept for good'); END;
CREATE TRIGGER overrides_no_delete BEFORE DELETE ON overrides BEGIN SELECT RAISE(ABORT, 'rows of overrides are kept for good'); END;
CREATE INDEX comments_current ON comments (assignment, student, question, id);
CREATE TRIGGER comments_no_update BEFORE UPDATE ON comments BEGIN SELECT RAISE(ABORT, 'rows of comments are kept for good'); END;
CREATE TRIGGER comments_no_delete BEFORE DELETE ON comments BEGIN SELECT RAISE(ABORT, 'rows of comments are kept for good'); END;
CREATE INDEX audit_student ON audit (student, id);
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'rows of audit are kept for good'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'rows of audit are kept for good'); END;
COMMIT;
