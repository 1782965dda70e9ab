CREATE TABLE `films` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `camera` varchar(32) NOT NULL,
  `kind` varchar(8) NOT NULL,
  `period` varchar(16) NOT NULL,
  `manifest` char(64) NOT NULL,
  `key` varchar(255) NOT NULL,
  `poster_key` varchar(255) NOT NULL,
  `frames` int(11) NOT NULL,
  `fps` int(11) NOT NULL,
  `width` int(11) NOT NULL,
  `height` int(11) NOT NULL,
  `bytes` bigint(20) NOT NULL,
  `made_at` datetime(3) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `camera` (`camera`,`kind`,`period`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `films` (`id`, `camera`, `kind`, `period`, `manifest`, `key`, `poster_key`, `frames`, `fps`, `width`, `height`, `bytes`, `made_at`) VALUES (1,'lake','day','2026-06-21','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','film.mp4','poster.jpg',96,12,1920,1080,5000000,'2026-06-21 20:00:00.000');
CREATE TABLE `photos` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `camera` varchar(32) NOT NULL,
  `slot` datetime(3) NOT NULL,
  `taken_at` datetime(3) NOT NULL,
  `offset_minutes` smallint(6) NOT NULL,
  `local_date` date NOT NULL,
  `time_source` varchar(16) NOT NULL,
  `sha256` char(64) NOT NULL,
  `bytes` bigint(20) NOT NULL,
  `width` int(11) NOT NULL,
  `height` int(11) NOT NULL,
  `boost` tinyint(1) NOT NULL,
  `elevation` double NOT NULL,
  `archive_path` varchar(255) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `sha256` (`sha256`),
  KEY `photos_camera_taken_at` (`camera`,`taken_at`),
  KEY `photos_camera_local_date` (`camera`,`local_date`,`taken_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `photos` (`id`, `camera`, `slot`, `taken_at`, `offset_minutes`, `local_date`, `time_source`, `sha256`, `bytes`, `width`, `height`, `boost`, `elevation`, `archive_path`) VALUES (1,'lake','2026-06-21 20:00:00.000','2026-06-21 20:00:01.234',-420,'2026-06-21','sidecar','63852cdf2884bb578ebe1bf0aa176e9c78849a5aa1a26634f39c7221f4f3c6e0',3000000000,1920,1080,1,-0.123,'lake/2026/06/21/63852cdf.jpg'),
(2,'lake','2026-06-21 20:05:00.000','2026-06-21 20:05:01.234',-420,'2026-06-21','sidecar','8478fef594172396ed4dc463565941e9d6b880299d74c4a173e8a1d0fbe74031',3000000000,1920,1080,1,-0.123,'lake/2026/06/21/8478fef5.jpg'),
(3,'lake','2026-06-21 20:10:00.000','2026-06-21 20:10:01.234',-420,'2026-06-22','sidecar','6f857b3b19c64bf8e6513b3b33067cafae8f11a08522672a534e5d23814753fe',3000000000,1920,1080,0,-0.123,'lake/2026/06/21/6f857b3b.jpg'),
(4,'pier','2026-06-21 20:00:00.000','2026-06-21 20:00:01.234',-420,'2026-06-21','sidecar','df184f554e23a69df82e9fa96ef495b5e02b1adcffdbe2c4e794b7f81f04785a',3000000000,1920,1080,1,-0.123,'pier/2026/06/21/df184f55.jpg');
CREATE TABLE `renditions` (
  `photo_id` bigint(20) NOT NULL,
  `width` int(11) NOT NULL,
  `height` int(11) NOT NULL,
  `key` varchar(255) NOT NULL,
  `bytes` bigint(20) NOT NULL,
  PRIMARY KEY (`photo_id`,`width`),
  CONSTRAINT `renditions_ibfk_1` FOREIGN KEY (`photo_id`) REFERENCES `photos` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `renditions` (`photo_id`, `width`, `height`, `key`, `bytes`) VALUES (1,320,180,'lake/63852cdf_320.jpg',32000),
(1,640,360,'lake/63852cdf_640.jpg',64000),
(2,320,180,'lake/8478fef5_320.jpg',32000),
(2,640,360,'lake/8478fef5_640.jpg',64000);
