-- The tables of version 1, as the grader of that version made them, with a few rows.
CREATE TABLE meta (
	name VARCHAR(40) NOT NULL,
	value VARCHAR(200) NOT NULL,
	PRIMARY KEY (name)
);
CREATE TABLE students (
	id VARCHAR(100) NOT NULL,
	name TEXT NOT NULL,
	email TEXT NOT NULL,
	section TEXT NOT NULL,
	github TEXT NOT NULL,
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
CREATE INDEX results_current ON results (assignment, student, attempt, id);
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
CREATE INDEX marks_current ON marks (assignment, student, question, id);
CREATE TABLE participation (
	id INTEGER NOT NULL,
	student VARCHAR(100) NOT NULL,
	score VARCHAR(40) NOT NULL,
	comment TEXT NOT NULL,
	marker TEXT NOT NULL,
	entered_at VARCHAR(40) NOT NULL,
	PRIMARY KEY (id)
);
CREATE INDEX participation_current ON participation (student, id);
CREATE TABLE project (
	id INTEGER NOT NULL,
	student VARCHAR(100) NOT NULL,
	score VARCHAR(40) NOT NULL,
	comment TEXT NOT NULL,
	marker TEXT NOT NULL,
	entered_at VARCHAR(40) NOT NULL,
	PRIMARY KEY (id)
);
CREATE INDEX project_current ON project (student, id);
INSERT INTO meta VALUES ('schema_version', '1');
INSERT INTO students VALUES ('s1', '张三', 'z@x.cn', 'A', 'zhang'), ('s2', '', '', '', '');
INSERT INTO results VALUES (1, 'gd', 's1', 1, 'k', 'accepted', '3.50', '6', '2', NULL,
  '2026-10-09T12:00:00.000000+00:00', 3,
  '{"assignment":"gd","student":"s1","attempt":1,"verdict":"accepted","graded_at":"2026-10-09T12:00:00Z","key":"k"}');
INSERT INTO marks VALUES (1, 'gd', 's1', 'w1', '4.5', '好', 'Li', '2026-10-10T12:00:00.000000+00:00');
INSERT INTO participation VALUES (1, 's1', '90', '', 'Wang', '2026-10-10T12:00:00.000000+00:00');
INSERT INTO project VALUES (1, 's2', '0.10', 'x', '', '2026-10-10T12:00:00.000000+00:00');
