BEGIN TRANSACTION;
CREATE TABLE films (
	id INTEGER NOT NULL, 
	camera VARCHAR(32) NOT NULL, 
	kind VARCHAR(8) NOT NULL, 
	period VARCHAR(16) NOT NULL, 
	manifest CHAR(64) NOT NULL, 
	"key" VARCHAR(255) NOT NULL, 
	poster_key VARCHAR(255) NOT NULL, 
	frames INTEGER NOT NULL, 
	fps INTEGER NOT NULL, 
	width INTEGER NOT NULL, 
	height INTEGER NOT NULL, 
	bytes BIGINT NOT NULL, 
	made_at DATETIME NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (camera, kind, period)
);
INSERT INTO "films" VALUES(1,'lake','day','2026-06-21','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','film.mp4','poster.jpg',96,12,1920,1080,5000000,'2026-06-21 20:00:00.000000');
CREATE TABLE photos (
	id INTEGER NOT NULL, 
	camera VARCHAR(32) NOT NULL, 
	slot DATETIME NOT NULL, 
	taken_at DATETIME NOT NULL, 
	offset_minutes SMALLINT NOT NULL, 
	local_date DATE NOT NULL, 
	time_source VARCHAR(16) NOT NULL, 
	sha256 CHAR(64) NOT NULL, 
	bytes BIGINT NOT NULL, 
	width INTEGER NOT NULL, 
	height INTEGER NOT NULL, 
	boost BOOLEAN NOT NULL, 
	elevation DOUBLE NOT NULL, 
	archive_path VARCHAR(255) NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (sha256)
);
INSERT INTO "photos" VALUES(1,'lake','2026-06-21 20:00:00.000000','2026-06-21 20:00:01.234000',-420,'2026-06-21','sidecar','63852cdf2884bb578ebe1bf0aa176e9c78849a5aa1a26634f39c7221f4f3c6e0',3000000000,1920,1080,1,-0.123,'lake/2026/06/21/63852cdf.jpg');
INSERT INTO "photos" VALUES(2,'lake','2026-06-21 20:05:00.000000','2026-06-21 20:05:01.234000',-420,'2026-06-21','sidecar','8478fef594172396ed4dc463565941e9d6b880299d74c4a173e8a1d0fbe74031',3000000000,1920,1080,1,-0.123,'lake/2026/06/21/8478fef5.jpg');
INSERT INTO "photos" VALUES(3,'lake','2026-06-21 20:10:00.000000','2026-06-21 20:10:01.234000',-420,'2026-06-22','sidecar','6f857b3b19c64bf8e6513b3b33067cafae8f11a08522672a534e5d23814753fe',3000000000,1920,1080,0,-0.123,'lake/2026/06/21/6f857b3b.jpg');
INSERT INTO "photos" VALUES(4,'pier','2026-06-21 20:00:00.000000','2026-06-21 20:00:01.234000',-420,'2026-06-21','sidecar','df184f554e23a69df82e9fa96ef495b5e02b1adcffdbe2c4e794b7f81f04785a',3000000000,1920,1080,1,-0.123,'pier/2026/06/21/df184f55.jpg');
CREATE TABLE renditions (
	photo_id INTEGER NOT NULL, 
	width INTEGER NOT NULL, 
	height INTEGER NOT NULL, 
	"key" VARCHAR(255) NOT NULL, 
	bytes BIGINT NOT NULL, 
	PRIMARY KEY (photo_id, width), 
	FOREIGN KEY(photo_id) REFERENCES photos (id) ON DELETE CASCADE
);
INSERT INTO "renditions" VALUES(1,320,180,'lake/63852cdf_320.jpg',32000);
INSERT INTO "renditions" VALUES(1,640,360,'lake/63852cdf_640.jpg',64000);
INSERT INTO "renditions" VALUES(2,320,180,'lake/8478fef5_320.jpg',32000);
INSERT INTO "renditions" VALUES(2,640,360,'lake/8478fef5_640.jpg',64000);
CREATE INDEX photos_camera_taken_at ON photos (camera, taken_at);
CREATE INDEX photos_camera_local_date ON photos (camera, local_date, taken_at);
COMMIT;
