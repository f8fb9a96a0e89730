-- A store as revision 0001 left it: a healed incident, an escalated one, an open one.
-- journal.key: ce7b3c83daf84acab1d6085f1da8ff1153efc2a4ba31f912dc03ac5cae2a13d5
-- journal.head: {"seq":36,"hash":"e489fc50b7ba5d816a9a668f913eec77d7781d1ee788b8e76a0cbcc9daac1431"}
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE approvals (
	id VARCHAR(40) NOT NULL, 
	incident_id VARCHAR(40) NOT NULL, 
	plan_id VARCHAR(40) NOT NULL, 
	plan_hash VARCHAR(64) NOT NULL, 
	answer VARCHAR(20) NOT NULL, 
	"by" VARCHAR(200) NOT NULL, 
	reasons JSON NOT NULL, 
	at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	CONSTRAINT pk_approvals PRIMARY KEY (id), 
	CONSTRAINT fk_approvals_incident_id_incidents FOREIGN KEY(incident_id) REFERENCES incidents (id), 
	CONSTRAINT fk_approvals_plan_id_plans FOREIGN KEY(plan_id) REFERENCES plans (id)
);
INSERT INTO "approvals" VALUES('apr-m7yefb86bjjxz','inc-m7yefb79xhefg','pln-m7yefb7vadffr','f91e61678523391fbd9c15e3cf1531bbf1ca56fb954a52cd0541148a6a1cc353','approve','policy','["mode auto: what the policy allows runs by itself", "risk low is within policy.auto.risk medium", "confidence 0.60 meets policy.auto.confidence 0.00", "proposed by rules"]','2026-01-01 00:00:00.000000','2026-01-01 00:30:00.000000');
INSERT INTO "approvals" VALUES('apr-m7yefbbkwkavk','inc-m7yefbb0zsw14','pln-m7yefbba4vdmr','6a3cae33c3480ec0922cacf60f0294932b9a4bf647acf10e13e7f69a1360f1e9','approve','policy','["mode auto: what the policy allows runs by itself", "risk low is within policy.auto.risk medium", "confidence 0.60 meets policy.auto.confidence 0.00", "proposed by rules"]','2026-01-01 00:00:30.000000','2026-01-01 00:30:30.000000');
INSERT INTO "approvals" VALUES('apr-m7yefbft93xj8','inc-m7yefbb0zsw14','pln-m7yefbfecctye','5d5f10d386dea8e34505e328e190c13236e24fe7c78787607c22a182249c5b73','approve','policy','["mode auto: what the policy allows runs by itself", "risk medium is within policy.auto.risk medium", "confidence 0.60 meets policy.auto.confidence 0.00", "proposed by rules"]','2026-01-01 00:01:30.000000','2026-01-01 00:31:30.000000');
CREATE TABLE conditions (
	fleet VARCHAR(63) NOT NULL, 
	host VARCHAR(253) NOT NULL, 
	symptom VARCHAR(63) NOT NULL, 
	subject VARCHAR(200) NOT NULL, 
	phase VARCHAR(20) NOT NULL, 
	since DATETIME NOT NULL, 
	value JSON NOT NULL, 
	at DATETIME NOT NULL, 
	reported_at DATETIME, 
	service VARCHAR(100), 
	evidence JSON NOT NULL, 
	CONSTRAINT pk_conditions PRIMARY KEY (fleet, host, symptom, subject)
);
CREATE TABLE detections (
	id VARCHAR(40) NOT NULL, 
	incident_id VARCHAR(40) NOT NULL, 
	fingerprint VARCHAR(40) NOT NULL, 
	fleet VARCHAR(63) NOT NULL, 
	host VARCHAR(253) NOT NULL, 
	symptom VARCHAR(63) NOT NULL, 
	subject VARCHAR(200) NOT NULL, 
	service VARCHAR(100), 
	severity VARCHAR(20) NOT NULL, 
	evidence JSON NOT NULL, 
	source VARCHAR(100) NOT NULL, 
	seen_at DATETIME NOT NULL, 
	accepted_at DATETIME NOT NULL, 
	CONSTRAINT pk_detections PRIMARY KEY (id), 
	CONSTRAINT fk_detections_incident_id_incidents FOREIGN KEY(incident_id) REFERENCES incidents (id)
);
INSERT INTO "detections" VALUES('det-m7yefb6gg16bz','inc-m7yefb79xhefg','76a75d309eb1e862101d5fa5','demo','h1','service_down','web','web','warning','{}','sweep','2026-01-01 00:00:00.000000','2026-01-01 00:00:00.000000');
INSERT INTO "detections" VALUES('det-m7yefbawtaq93','inc-m7yefbb0zsw14','f29a9c9dbffa76d38ce3631c','demo','h2','service_down','web','web','warning','{}','sweep','2026-01-01 00:00:30.000000','2026-01-01 00:00:30.000000');
INSERT INTO "detections" VALUES('det-m7yefbkh3sxtt','inc-m7yefbkk21gdx','439105440fa39e4c4c01a412','demo','h3','service_down','web','web','warning','{}','sweep','2026-01-01 00:02:30.000000','2026-01-01 00:02:30.000000');
CREATE TABLE incidents (
	id VARCHAR(40) NOT NULL, 
	fingerprint VARCHAR(40) NOT NULL, 
	fleet VARCHAR(63) NOT NULL, 
	symptom VARCHAR(63) NOT NULL, 
	subject VARCHAR(200) NOT NULL, 
	host VARCHAR(253) NOT NULL, 
	service VARCHAR(100), 
	severity VARCHAR(20) NOT NULL, 
	state VARCHAR(20) NOT NULL, 
	reason TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	detections INTEGER NOT NULL, 
	evidence JSON NOT NULL, 
	request JSON, 
	plan_id VARCHAR(40), 
	opened_at DATETIME NOT NULL, 
	changed_at DATETIME NOT NULL, 
	last_seen_at DATETIME NOT NULL, 
	due_at DATETIME, 
	ended_at DATETIME, 
	CONSTRAINT pk_incidents PRIMARY KEY (id)
);
INSERT INTO "incidents" VALUES('inc-m7yefb79xhefg','76a75d309eb1e862101d5fa5','demo','service_down','web','h1','web','warning','resolved','healed by restart service=web on h1: measured clear, and stayed so for 30s',12,1,'{}',NULL,'pln-m7yefb7vadffr','2026-01-01 00:00:00.000000','2026-01-01 00:00:30.000000','2026-01-01 00:00:00.000000',NULL,'2026-01-01 00:00:30.000000');
INSERT INTO "incidents" VALUES('inc-m7yefbb0zsw14','f29a9c9dbffa76d38ce3631c','demo','service_down','web','h2','web','warning','escalated','not_healed: service_down web on h2 still fires; it had 1m to clear; no alternative is left',34,1,'{}',NULL,'pln-m7yefbfecctye','2026-01-01 00:00:30.000000','2026-01-01 00:02:30.000000','2026-01-01 00:00:30.000000',NULL,NULL);
INSERT INTO "incidents" VALUES('inc-m7yefbkk21gdx','439105440fa39e4c4c01a412','demo','service_down','web','h3','web','warning','open','seen by sweep',1,1,'{}',NULL,NULL,'2026-01-01 00:02:30.000000','2026-01-01 00:02:30.000000','2026-01-01 00:02:30.000000','2026-01-01 00:02:30.000000',NULL);
CREATE TABLE journal (
	seq INTEGER NOT NULL, 
	at VARCHAR(40) NOT NULL, 
	kind VARCHAR(60) NOT NULL, 
	incident_id VARCHAR(40), 
	actor VARCHAR(200) NOT NULL, 
	body TEXT NOT NULL, 
	previous VARCHAR(64) NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_journal PRIMARY KEY (seq)
);
INSERT INTO "journal" VALUES(1,'2026-01-01T00:00:00+00:00','incident.opened','inc-m7yefb79xhefg','sweep','{"fleet":"demo","severity":"warning","title":"service_down web on h1"}','0000000000000000000000000000000000000000000000000000000000000000','1f830952259dcf92592a32ebda5830429a0e3c04ed6ebbc68cfcd71a5cc4e120');
INSERT INTO "journal" VALUES(2,'2026-01-01T00:00:00+00:00','plan.made','inc-m7yefb79xhefg','rules','{"hash":"f91e61678523391fbd9c15e3cf1531bbf1ca56fb954a52cd0541148a6a1cc353","plan":"pln-m7yefb7vadffr","reasons":["restart treats service_down","repair could fit as well, and no history tells them apart","service=web is what the incident names"],"title":"restart service=web on h1"}','1f830952259dcf92592a32ebda5830429a0e3c04ed6ebbc68cfcd71a5cc4e120','3ab03c536396f46e52d2e08f1b9e6a00761ad3046cb762e3bc74362b068e78c0');
INSERT INTO "journal" VALUES(3,'2026-01-01T00:00:00+00:00','incident.state','inc-m7yefb79xhefg','loop','{"from":"open","reason":"planned by rules","to":"planned"}','3ab03c536396f46e52d2e08f1b9e6a00761ad3046cb762e3bc74362b068e78c0','eadc8577a862e8a5867b4c1e88c62a6246d433d471709cf84e0640628f6033cb');
INSERT INTO "journal" VALUES(4,'2026-01-01T00:00:00+00:00','policy.ruled','inc-m7yefb79xhefg','policy','{"plan":"pln-m7yefb7vadffr","rules":["mode auto: what the policy allows runs by itself","risk low is within policy.auto.risk medium","confidence 0.60 meets policy.auto.confidence 0.00","proposed by rules"],"ruling":"run"}','eadc8577a862e8a5867b4c1e88c62a6246d433d471709cf84e0640628f6033cb','bda839233a8f259894588fe34155d6d9b03dd17a314f465d3c22b2e2eb5b2793');
INSERT INTO "journal" VALUES(5,'2026-01-01T00:00:00+00:00','approval.given','inc-m7yefb79xhefg','policy','{"answer":"approve","hash":"f91e61678523391fbd9c15e3cf1531bbf1ca56fb954a52cd0541148a6a1cc353","plan":"pln-m7yefb7vadffr","reasons":["mode auto: what the policy allows runs by itself","risk low is within policy.auto.risk medium","confidence 0.60 meets policy.auto.confidence 0.00","proposed by rules"]}','bda839233a8f259894588fe34155d6d9b03dd17a314f465d3c22b2e2eb5b2793','9f72eb9b968f31f2c54105b54b62f330a9c4d78f4211b2c6f42eed9449cee540');
INSERT INTO "journal" VALUES(6,'2026-01-01T00:00:00+00:00','incident.state','inc-m7yefb79xhefg','policy','{"from":"planned","reason":"mode auto: what the policy allows runs by itself; risk low is within policy.auto.risk medium; confidence 0.60 meets policy.auto.confidence 0.00; proposed by rules","to":"approved"}','9f72eb9b968f31f2c54105b54b62f330a9c4d78f4211b2c6f42eed9449cee540','fa6b1a84415a1da23caad4c5b7c52fa42a8ca2243760bff3586ee12260de3dcb');
INSERT INTO "journal" VALUES(7,'2026-01-01T00:00:00+00:00','run.began','inc-m7yefb79xhefg','vm:23481:1795244402.06','{"hosts":["h1"],"plan":"pln-m7yefb7vadffr","remedy":"restart","run":"run-m7yefb8f6zb0z","step":0}','fa6b1a84415a1da23caad4c5b7c52fa42a8ca2243760bff3586ee12260de3dcb','1a7849d9ce374eeea388cece5ff73ae0b7454cf6e8306484d967dab98ad7e4c3');
INSERT INTO "journal" VALUES(8,'2026-01-01T00:00:00+00:00','incident.state','inc-m7yefb79xhefg','loop','{"from":"approved","reason":"running restart service=web on h1","to":"running"}','1a7849d9ce374eeea388cece5ff73ae0b7454cf6e8306484d967dab98ad7e4c3','85657ec4291cd6503344155f4fdd628f55085cfd65af4f5249c637ab511d4667');
INSERT INTO "journal" VALUES(9,'2026-01-01T00:00:00+00:00','run.ended','inc-m7yefb79xhefg','vm:23481:1795244402.06','{"problem":null,"run":"run-m7yefb8f6zb0z","status":"successful"}','85657ec4291cd6503344155f4fdd628f55085cfd65af4f5249c637ab511d4667','8f0ccd6f512c67d7de386bb1523f50b73e8dfc908dfaf90b86e0cf84baefcab1');
INSERT INTO "journal" VALUES(10,'2026-01-01T00:00:00+00:00','incident.state','inc-m7yefb79xhefg','loop','{"from":"running","reason":"ran without an error; measuring now","to":"verifying"}','8f0ccd6f512c67d7de386bb1523f50b73e8dfc908dfaf90b86e0cf84baefcab1','42b9ed5f8224e2120289cdfd88e4020bcba444c452d8786d3e73785fc9a053a4');
INSERT INTO "journal" VALUES(11,'2026-01-01T00:00:30+00:00','outcome.recorded','inc-m7yefb79xhefg','verifier','{"outcome":"out-m7yefbafbjkg0","reason":"measured clear, and stayed so for 30s","remedy":"restart","verdict":"healed"}','42b9ed5f8224e2120289cdfd88e4020bcba444c452d8786d3e73785fc9a053a4','933b6ee73b82c435e9d23cbd066546763814e3b1b03c0610cbed7dfeaad14c5c');
INSERT INTO "journal" VALUES(12,'2026-01-01T00:00:30+00:00','incident.state','inc-m7yefb79xhefg','verifier','{"from":"verifying","reason":"healed by restart service=web on h1: measured clear, and stayed so for 30s","to":"resolved"}','933b6ee73b82c435e9d23cbd066546763814e3b1b03c0610cbed7dfeaad14c5c','36926c5cf67f51235b5a2878fea8afc76bdbf95d55fe5804f1d0a0acf1971ac6');
INSERT INTO "journal" VALUES(13,'2026-01-01T00:00:30+00:00','token.made',NULL,'test','{"name":"ops","token":"tok-m7yefbat2wjrh"}','36926c5cf67f51235b5a2878fea8afc76bdbf95d55fe5804f1d0a0acf1971ac6','55cee6bcb1ad5322eea318d5460d34cd2ed45d88d1882e3e5efeeff5113b70af');
INSERT INTO "journal" VALUES(14,'2026-01-01T00:00:30+00:00','incident.opened','inc-m7yefbb0zsw14','sweep','{"fleet":"demo","severity":"warning","title":"service_down web on h2"}','55cee6bcb1ad5322eea318d5460d34cd2ed45d88d1882e3e5efeeff5113b70af','e06dffa71b186dfa9a0e1f023c4dea6887a7ce8595c655c51ecec43615c5f40f');
INSERT INTO "journal" VALUES(15,'2026-01-01T00:00:30+00:00','plan.made','inc-m7yefbb0zsw14','rules','{"hash":"6a3cae33c3480ec0922cacf60f0294932b9a4bf647acf10e13e7f69a1360f1e9","plan":"pln-m7yefbba4vdmr","reasons":["restart treats service_down","repair could fit as well, and no history tells them apart","service=web is what the incident names"],"title":"restart service=web on h2"}','e06dffa71b186dfa9a0e1f023c4dea6887a7ce8595c655c51ecec43615c5f40f','b3afcc83f4cd645cf83064ccf37efeb6f462fdb73eea44e501a5256fd0f93ff0');
INSERT INTO "journal" VALUES(16,'2026-01-01T00:00:30+00:00','incident.state','inc-m7yefbb0zsw14','loop','{"from":"open","reason":"planned by rules","to":"planned"}','b3afcc83f4cd645cf83064ccf37efeb6f462fdb73eea44e501a5256fd0f93ff0','c698d69483a39c2f0f1469e85c332052c6d2afe5ddb4d239be1516290fa8845d');
INSERT INTO "journal" VALUES(17,'2026-01-01T00:00:30+00:00','policy.ruled','inc-m7yefbb0zsw14','policy','{"plan":"pln-m7yefbba4vdmr","rules":["mode auto: what the policy allows runs by itself","risk low is within policy.auto.risk medium","confidence 0.60 meets policy.auto.confidence 0.00","proposed by rules"],"ruling":"run"}','c698d69483a39c2f0f1469e85c332052c6d2afe5ddb4d239be1516290fa8845d','3c2baf2a766e1d120379a2409cc9fed363a5fae8d10f9db3ff8db29b1407d411');
INSERT INTO "journal" VALUES(18,'2026-01-01T00:00:30+00:00','approval.given','inc-m7yefbb0zsw14','policy','{"answer":"approve","hash":"6a3cae33c3480ec0922cacf60f0294932b9a4bf647acf10e13e7f69a1360f1e9","plan":"pln-m7yefbba4vdmr","reasons":["mode auto: what the policy allows runs by itself","risk low is within policy.auto.risk medium","confidence 0.60 meets policy.auto.confidence 0.00","proposed by rules"]}','3c2baf2a766e1d120379a2409cc9fed363a5fae8d10f9db3ff8db29b1407d411','e59ceb6f8583d0f8e11084b19e188572c4f038308cc1d02a1e06171707b45b8d');
INSERT INTO "journal" VALUES(19,'2026-01-01T00:00:30+00:00','incident.state','inc-m7yefbb0zsw14','policy','{"from":"planned","reason":"mode auto: what the policy allows runs by itself; risk low is within policy.auto.risk medium; confidence 0.60 meets policy.auto.confidence 0.00; proposed by rules","to":"approved"}','e59ceb6f8583d0f8e11084b19e188572c4f038308cc1d02a1e06171707b45b8d','82934b02faf4fa4507bf07ba81a640d68ca429fecdfe5287cdef1d45bc35e995');
INSERT INTO "journal" VALUES(20,'2026-01-01T00:00:30+00:00','run.began','inc-m7yefbb0zsw14','vm:23481:1795244402.06','{"hosts":["h2"],"plan":"pln-m7yefbba4vdmr","remedy":"restart","run":"run-m7yefbbxax6w5","step":0}','82934b02faf4fa4507bf07ba81a640d68ca429fecdfe5287cdef1d45bc35e995','ae83744fd55a35b662eb438f4b78e34e36ffa8695d75646a1a155398ca74c4e8');
INSERT INTO "journal" VALUES(21,'2026-01-01T00:00:30+00:00','incident.state','inc-m7yefbb0zsw14','loop','{"from":"approved","reason":"running restart service=web on h2","to":"running"}','ae83744fd55a35b662eb438f4b78e34e36ffa8695d75646a1a155398ca74c4e8','cadb72a38d1ffc109d5e6b6e3292297b8e576cc0341ab1363a67c379b593f020');
INSERT INTO "journal" VALUES(22,'2026-01-01T00:00:30+00:00','run.ended','inc-m7yefbb0zsw14','vm:23481:1795244402.06','{"problem":null,"run":"run-m7yefbbxax6w5","status":"successful"}','cadb72a38d1ffc109d5e6b6e3292297b8e576cc0341ab1363a67c379b593f020','51fc8585d70184b4bf9f331bb01b1b1d56ecf33c5d1963cea0464b3e9815b6ff');
INSERT INTO "journal" VALUES(23,'2026-01-01T00:00:30+00:00','incident.state','inc-m7yefbb0zsw14','loop','{"from":"running","reason":"ran without an error; measuring now","to":"verifying"}','51fc8585d70184b4bf9f331bb01b1b1d56ecf33c5d1963cea0464b3e9815b6ff','a0a08fac853af2bc5b8c8c9e03ae3879fc315dcf214e25073aa15b8af9590ec0');
INSERT INTO "journal" VALUES(24,'2026-01-01T00:01:30+00:00','outcome.recorded','inc-m7yefbb0zsw14','verifier','{"outcome":"out-m7yefbfa7z5cx","reason":"service_down web on h2 still fires; it had 1m to clear","remedy":"restart","verdict":"not_healed"}','a0a08fac853af2bc5b8c8c9e03ae3879fc315dcf214e25073aa15b8af9590ec0','1130f760ee4be895e5b0ec7fa5a1fd81fb50a9ec65cac47a7b3242199e0f8356');
INSERT INTO "journal" VALUES(25,'2026-01-01T00:01:30+00:00','plan.made','inc-m7yefbb0zsw14','rules','{"hash":"5d5f10d386dea8e34505e328e190c13236e24fe7c78787607c22a182249c5b73","plan":"pln-m7yefbfecctye","reasons":["restart service=web on h2 did not heal it","repair treats service_down; restart could fit as well, and no history tells them apart; service=web is what the incident names"],"title":"repair service=web on h2"}','1130f760ee4be895e5b0ec7fa5a1fd81fb50a9ec65cac47a7b3242199e0f8356','0625593d5aa60577e1efdc3c47b888c170c9b0759b294da181b1811c679af452');
INSERT INTO "journal" VALUES(26,'2026-01-01T00:01:30+00:00','incident.state','inc-m7yefbb0zsw14','loop','{"from":"verifying","reason":"not_healed: service_down web on h2 still fires; it had 1m to clear; next alternative","to":"planned"}','0625593d5aa60577e1efdc3c47b888c170c9b0759b294da181b1811c679af452','883fcbf7447834bfeb4a5064d2d6cb7d3f55bc8d7769c35500c45224ef907fd2');
INSERT INTO "journal" VALUES(27,'2026-01-01T00:01:30+00:00','policy.ruled','inc-m7yefbb0zsw14','policy','{"plan":"pln-m7yefbfecctye","rules":["mode auto: what the policy allows runs by itself","risk medium is within policy.auto.risk medium","confidence 0.60 meets policy.auto.confidence 0.00","proposed by rules"],"ruling":"run"}','883fcbf7447834bfeb4a5064d2d6cb7d3f55bc8d7769c35500c45224ef907fd2','c9922cb11619b38a93840fc88a76d591700a71cfcb7b61a55eeda871f4cc866d');
INSERT INTO "journal" VALUES(28,'2026-01-01T00:01:30+00:00','approval.given','inc-m7yefbb0zsw14','policy','{"answer":"approve","hash":"5d5f10d386dea8e34505e328e190c13236e24fe7c78787607c22a182249c5b73","plan":"pln-m7yefbfecctye","reasons":["mode auto: what the policy allows runs by itself","risk medium is within policy.auto.risk medium","confidence 0.60 meets policy.auto.confidence 0.00","proposed by rules"]}','c9922cb11619b38a93840fc88a76d591700a71cfcb7b61a55eeda871f4cc866d','012a2316586e17617b0a58c136e14e94590bb72c903d37d0e15695df37d8bc8f');
INSERT INTO "journal" VALUES(29,'2026-01-01T00:01:30+00:00','incident.state','inc-m7yefbb0zsw14','policy','{"from":"planned","reason":"mode auto: what the policy allows runs by itself; risk medium is within policy.auto.risk medium; confidence 0.60 meets policy.auto.confidence 0.00; proposed by rules","to":"approved"}','012a2316586e17617b0a58c136e14e94590bb72c903d37d0e15695df37d8bc8f','21c6562fd5abd6698b492ff0b55f9fdb9fdba24855974a53f3dacdbf08a212f0');
INSERT INTO "journal" VALUES(30,'2026-01-01T00:01:30+00:00','run.began','inc-m7yefbb0zsw14','vm:23481:1795244402.06','{"hosts":["h2"],"plan":"pln-m7yefbfecctye","remedy":"repair","run":"run-m7yefbg26dpxz","step":0}','21c6562fd5abd6698b492ff0b55f9fdb9fdba24855974a53f3dacdbf08a212f0','214aab716c5150a2037aa0c84561c834cb3bfd3c16b699e58828814b5402c877');
INSERT INTO "journal" VALUES(31,'2026-01-01T00:01:30+00:00','incident.state','inc-m7yefbb0zsw14','loop','{"from":"approved","reason":"running repair service=web on h2","to":"running"}','214aab716c5150a2037aa0c84561c834cb3bfd3c16b699e58828814b5402c877','1539015e5512d8a7d08e462d3ae68f073386398291f4113d14e69bcbfbfd0a9a');
INSERT INTO "journal" VALUES(32,'2026-01-01T00:01:30+00:00','run.ended','inc-m7yefbb0zsw14','vm:23481:1795244402.06','{"problem":null,"run":"run-m7yefbg26dpxz","status":"successful"}','1539015e5512d8a7d08e462d3ae68f073386398291f4113d14e69bcbfbfd0a9a','9369efb758bea18f202b8212949642044353de0cbd9fecdd95b38d19ef5e9066');
INSERT INTO "journal" VALUES(33,'2026-01-01T00:01:30+00:00','incident.state','inc-m7yefbb0zsw14','loop','{"from":"running","reason":"ran without an error; measuring now","to":"verifying"}','9369efb758bea18f202b8212949642044353de0cbd9fecdd95b38d19ef5e9066','34b2055ebc707373bdfe9f3f6b8310c70cfec6fff0054e17274be6d790322006');
INSERT INTO "journal" VALUES(34,'2026-01-01T00:02:30+00:00','outcome.recorded','inc-m7yefbb0zsw14','verifier','{"outcome":"out-m7yefbkawzdpj","reason":"service_down web on h2 still fires; it had 1m to clear","remedy":"repair","verdict":"not_healed"}','34b2055ebc707373bdfe9f3f6b8310c70cfec6fff0054e17274be6d790322006','287d340a583b20e42e2a17dba446e3b44a8c8716e8676ac1331ae0ef82e38e87');
INSERT INTO "journal" VALUES(35,'2026-01-01T00:02:30+00:00','incident.state','inc-m7yefbb0zsw14','verifier','{"from":"verifying","reason":"not_healed: service_down web on h2 still fires; it had 1m to clear; no alternative is left","to":"escalated"}','287d340a583b20e42e2a17dba446e3b44a8c8716e8676ac1331ae0ef82e38e87','64ffffda1b87cb94b1d1c5a9d920dc758f5810b12e343a108f989b7654cd23e4');
INSERT INTO "journal" VALUES(36,'2026-01-01T00:02:30+00:00','incident.opened','inc-m7yefbkk21gdx','sweep','{"fleet":"demo","severity":"warning","title":"service_down web on h3"}','64ffffda1b87cb94b1d1c5a9d920dc758f5810b12e343a108f989b7654cd23e4','e489fc50b7ba5d816a9a668f913eec77d7781d1ee788b8e76a0cbcc9daac1431');
CREATE TABLE journal_head (
	one BOOLEAN NOT NULL, 
	seq INTEGER NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_journal_head PRIMARY KEY (one)
);
INSERT INTO "journal_head" VALUES(1,36,'e489fc50b7ba5d816a9a668f913eec77d7781d1ee788b8e76a0cbcc9daac1431');
CREATE TABLE leases (
	name VARCHAR(320) NOT NULL, 
	holder VARCHAR(200) NOT NULL, 
	fence INTEGER NOT NULL, 
	expires_at DATETIME NOT NULL, 
	CONSTRAINT pk_leases PRIMARY KEY (name)
);
INSERT INTO "leases" VALUES('incident:inc-m7yefb79xhefg','vm:23481:1795244402.06/call-m7yefbadn7aqw',7,'2025-12-31 00:00:30.000000');
INSERT INTO "leases" VALUES('host:demo/h1','vm:23481:1795244402.06/call-m7yefb7ghsbb1',1,'2025-12-31 00:00:00.000000');
INSERT INTO "leases" VALUES('incident:inc-m7yefbb0zsw14','vm:23481:1795244402.06/call-m7yefbk5rjh3e',25,'2025-12-31 00:02:30.000000');
INSERT INTO "leases" VALUES('host:demo/h2','vm:23481:1795244402.06/call-m7yefbf57avyn',2,'2025-12-31 00:01:30.000000');
CREATE TABLE mutes (
	fingerprint VARCHAR(40) NOT NULL, 
	incident_id VARCHAR(40) NOT NULL, 
	until DATETIME NOT NULL, 
	CONSTRAINT pk_mutes PRIMARY KEY (fingerprint), 
	CONSTRAINT fk_mutes_incident_id_incidents FOREIGN KEY(incident_id) REFERENCES incidents (id)
);
CREATE TABLE outcomes (
	id VARCHAR(40) NOT NULL, 
	incident_id VARCHAR(40) NOT NULL, 
	plan_id VARCHAR(40) NOT NULL, 
	fleet VARCHAR(63) NOT NULL, 
	host VARCHAR(253) NOT NULL, 
	symptom VARCHAR(63) NOT NULL, 
	subject VARCHAR(200) NOT NULL, 
	remedy VARCHAR(63) NOT NULL, 
	parameters JSON NOT NULL, 
	proposer VARCHAR(200) NOT NULL, 
	verdict VARCHAR(20) NOT NULL, 
	reason TEXT NOT NULL, 
	detect_seconds FLOAT NOT NULL, 
	run_seconds FLOAT NOT NULL, 
	heal_seconds FLOAT NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_outcomes PRIMARY KEY (id), 
	CONSTRAINT fk_outcomes_incident_id_incidents FOREIGN KEY(incident_id) REFERENCES incidents (id), 
	CONSTRAINT fk_outcomes_plan_id_plans FOREIGN KEY(plan_id) REFERENCES plans (id), 
	CONSTRAINT uq_outcomes_plan_id UNIQUE (plan_id)
);
INSERT INTO "outcomes" VALUES('out-m7yefbafbjkg0','inc-m7yefb79xhefg','pln-m7yefb7vadffr','demo','h1','service_down','web','restart','{"service": "web"}','rules','healed','measured clear, and stayed so for 30s',0.0,0.0,0.0,'2026-01-01 00:00:30.000000');
INSERT INTO "outcomes" VALUES('out-m7yefbfa7z5cx','inc-m7yefbb0zsw14','pln-m7yefbba4vdmr','demo','h2','service_down','web','restart','{"service": "web"}','rules','not_healed','service_down web on h2 still fires; it had 1m to clear',0.0,0.0,0.0,'2026-01-01 00:01:30.000000');
INSERT INTO "outcomes" VALUES('out-m7yefbkawzdpj','inc-m7yefbb0zsw14','pln-m7yefbfecctye','demo','h2','service_down','web','repair','{"service": "web"}','rules','not_healed','service_down web on h2 still fires; it had 1m to clear',60.0,0.0,0.0,'2026-01-01 00:02:30.000000');
CREATE TABLE pauses (
	scope VARCHAR(63) NOT NULL, 
	"by" VARCHAR(200) NOT NULL, 
	reason TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_pauses PRIMARY KEY (scope)
);
CREATE TABLE plans (
	id VARCHAR(40) NOT NULL, 
	incident_id VARCHAR(40) NOT NULL, 
	number INTEGER NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	steps JSON NOT NULL, 
	risk VARCHAR(20) NOT NULL, 
	proposer VARCHAR(200) NOT NULL, 
	confidence FLOAT NOT NULL, 
	reasons JSON NOT NULL, 
	alternatives JSON NOT NULL, 
	policy_digest VARCHAR(64) NOT NULL, 
	inventory_digest VARCHAR(64) NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_plans PRIMARY KEY (id), 
	CONSTRAINT fk_plans_incident_id_incidents FOREIGN KEY(incident_id) REFERENCES incidents (id), 
	CONSTRAINT uq_plans_incident_id_number UNIQUE (incident_id, number)
);
INSERT INTO "plans" VALUES('pln-m7yefb7vadffr','inc-m7yefb79xhefg',1,'f91e61678523391fbd9c15e3cf1531bbf1ca56fb954a52cd0541148a6a1cc353','[{"remedy": "restart", "digest": "473e7ed55b1af8ba4ae966560504cabb3e89f9e8eed864c7ea6824f91c7d3c1e", "parameters": {"service": "web"}, "hosts": ["h1"]}]','low','rules',0.6,'["restart treats service_down", "repair could fit as well, and no history tells them apart", "service=web is what the incident names"]','[{"step": {"remedy": "repair", "digest": "d21f707dd86fb00e278be2a5c85b65843b8dab37e5f3bd770da4cd59815bb7c2", "parameters": {"service": "web"}, "hosts": ["h1"]}, "risk": "medium", "confidence": 0.6, "reason": "repair treats service_down; restart could fit as well, and no history tells them apart; service=web is what the incident names"}]','b0cc6f6af8c84715f52ff04c05569e5ee15e7e7936c53eb500f40ecbf3e452f9','71c2ae4f71def5a4405c7651c8e20311f51484f6f843ed35535845185267093a','2026-01-01 00:00:00.000000');
INSERT INTO "plans" VALUES('pln-m7yefbba4vdmr','inc-m7yefbb0zsw14',1,'6a3cae33c3480ec0922cacf60f0294932b9a4bf647acf10e13e7f69a1360f1e9','[{"remedy": "restart", "digest": "473e7ed55b1af8ba4ae966560504cabb3e89f9e8eed864c7ea6824f91c7d3c1e", "parameters": {"service": "web"}, "hosts": ["h2"]}]','low','rules',0.6,'["restart treats service_down", "repair could fit as well, and no history tells them apart", "service=web is what the incident names"]','[{"step": {"remedy": "repair", "digest": "d21f707dd86fb00e278be2a5c85b65843b8dab37e5f3bd770da4cd59815bb7c2", "parameters": {"service": "web"}, "hosts": ["h2"]}, "risk": "medium", "confidence": 0.6, "reason": "repair treats service_down; restart could fit as well, and no history tells them apart; service=web is what the incident names"}]','b0cc6f6af8c84715f52ff04c05569e5ee15e7e7936c53eb500f40ecbf3e452f9','81d4c2a419ed57504d3a2106940093a02d88e60eea7cef495ab0245468830183','2026-01-01 00:00:30.000000');
INSERT INTO "plans" VALUES('pln-m7yefbfecctye','inc-m7yefbb0zsw14',2,'5d5f10d386dea8e34505e328e190c13236e24fe7c78787607c22a182249c5b73','[{"remedy": "repair", "digest": "d21f707dd86fb00e278be2a5c85b65843b8dab37e5f3bd770da4cd59815bb7c2", "parameters": {"service": "web"}, "hosts": ["h2"]}]','medium','rules',0.6,'["restart service=web on h2 did not heal it", "repair treats service_down; restart could fit as well, and no history tells them apart; service=web is what the incident names"]','[]','b0cc6f6af8c84715f52ff04c05569e5ee15e7e7936c53eb500f40ecbf3e452f9','81d4c2a419ed57504d3a2106940093a02d88e60eea7cef495ab0245468830183','2026-01-01 00:01:30.000000');
CREATE TABLE run_events (
	run_id VARCHAR(40) NOT NULL, 
	seq INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	host VARCHAR(253), 
	task TEXT, 
	detail TEXT, 
	CONSTRAINT pk_run_events PRIMARY KEY (run_id, seq), 
	CONSTRAINT fk_run_events_run_id_runs FOREIGN KEY(run_id) REFERENCES runs (id)
);
CREATE TABLE run_hosts (
	run_id VARCHAR(40) NOT NULL, 
	host VARCHAR(253) NOT NULL, 
	fleet VARCHAR(63) NOT NULL, 
	remedy VARCHAR(63) NOT NULL, 
	started_at DATETIME NOT NULL, 
	CONSTRAINT pk_run_hosts PRIMARY KEY (run_id, host), 
	CONSTRAINT fk_run_hosts_run_id_runs FOREIGN KEY(run_id) REFERENCES runs (id)
);
INSERT INTO "run_hosts" VALUES('run-m7yefb8f6zb0z','h1','demo','restart','2026-01-01 00:00:00.000000');
INSERT INTO "run_hosts" VALUES('run-m7yefbbxax6w5','h2','demo','restart','2026-01-01 00:00:30.000000');
INSERT INTO "run_hosts" VALUES('run-m7yefbg26dpxz','h2','demo','repair','2026-01-01 00:01:30.000000');
CREATE TABLE runs (
	id VARCHAR(40) NOT NULL, 
	incident_id VARCHAR(40) NOT NULL, 
	plan_id VARCHAR(40) NOT NULL, 
	step INTEGER NOT NULL, 
	remedy VARCHAR(63) NOT NULL, 
	fleet VARCHAR(63) NOT NULL, 
	hosts JSON NOT NULL, 
	parameters JSON NOT NULL, 
	status VARCHAR(20) NOT NULL, 
	worker VARCHAR(200) NOT NULL, 
	process JSON, 
	results JSON NOT NULL, 
	problem TEXT, 
	cancelled_by VARCHAR(200), 
	started_at DATETIME NOT NULL, 
	ended_at DATETIME, 
	CONSTRAINT pk_runs PRIMARY KEY (id), 
	CONSTRAINT fk_runs_incident_id_incidents FOREIGN KEY(incident_id) REFERENCES incidents (id), 
	CONSTRAINT fk_runs_plan_id_plans FOREIGN KEY(plan_id) REFERENCES plans (id), 
	CONSTRAINT uq_runs_plan_id_step UNIQUE (plan_id, step)
);
INSERT INTO "runs" VALUES('run-m7yefb8f6zb0z','inc-m7yefb79xhefg','pln-m7yefb7vadffr',0,'restart','demo','["h1"]','{"service": "web"}','successful','vm:23481:1795244402.06','{"pid": 4194305, "started": 0.0}','{"h1": {"ok": 1, "changed": 0, "failed": 0, "unreachable": 0, "skipped": 0}}',NULL,NULL,'2026-01-01 00:00:00.000000','2026-01-01 00:00:00.000000');
INSERT INTO "runs" VALUES('run-m7yefbbxax6w5','inc-m7yefbb0zsw14','pln-m7yefbba4vdmr',0,'restart','demo','["h2"]','{"service": "web"}','successful','vm:23481:1795244402.06','{"pid": 4194305, "started": 0.0}','{"h2": {"ok": 1, "changed": 0, "failed": 0, "unreachable": 0, "skipped": 0}}',NULL,NULL,'2026-01-01 00:00:30.000000','2026-01-01 00:00:30.000000');
INSERT INTO "runs" VALUES('run-m7yefbg26dpxz','inc-m7yefbb0zsw14','pln-m7yefbfecctye',0,'repair','demo','["h2"]','{"service": "web"}','successful','vm:23481:1795244402.06','{"pid": 4194305, "started": 0.0}','{"h2": {"ok": 1, "changed": 0, "failed": 0, "unreachable": 0, "skipped": 0}}',NULL,NULL,'2026-01-01 00:01:30.000000','2026-01-01 00:01:30.000000');
CREATE TABLE ticks (
	"key" VARCHAR(200) NOT NULL, 
	due_at DATETIME NOT NULL, 
	CONSTRAINT pk_ticks PRIMARY KEY ("key", due_at)
);
INSERT INTO "ticks" VALUES('sweep:demo/0','2026-01-01 00:02:30.000000');
CREATE TABLE tokens (
	id VARCHAR(40) NOT NULL, 
	name VARCHAR(100) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_tokens PRIMARY KEY (id), 
	CONSTRAINT uq_tokens_digest UNIQUE (digest), 
	CONSTRAINT uq_tokens_name UNIQUE (name)
);
INSERT INTO "tokens" VALUES('tok-m7yefbat2wjrh','ops','f8486571d9e1ecf63ee296be71942be5a8268dc9468e74b79a53f5beadbd8521','2026-01-01 00:00:30.000000');
CREATE TABLE verifications (
	plan_id VARCHAR(40) NOT NULL, 
	incident_id VARCHAR(40) NOT NULL, 
	began_at DATETIME NOT NULL, 
	deadline DATETIME NOT NULL, 
	hold_seconds FLOAT NOT NULL, 
	clear_since DATETIME, 
	checks INTEGER NOT NULL, 
	last TEXT NOT NULL, 
	CONSTRAINT pk_verifications PRIMARY KEY (plan_id), 
	CONSTRAINT fk_verifications_incident_id_incidents FOREIGN KEY(incident_id) REFERENCES incidents (id), 
	CONSTRAINT fk_verifications_plan_id_plans FOREIGN KEY(plan_id) REFERENCES plans (id)
);
INSERT INTO "verifications" VALUES('pln-m7yefb7vadffr','inc-m7yefb79xhefg','2026-01-01 00:00:00.000000','2026-01-01 00:01:00.000000',30.0,'2026-01-01 00:00:00.000000',7,'clear for 30s of 30s');
INSERT INTO "verifications" VALUES('pln-m7yefbba4vdmr','inc-m7yefbb0zsw14','2026-01-01 00:00:30.000000','2026-01-01 00:01:30.000000',30.0,NULL,13,'service_down web on h2 still fires');
INSERT INTO "verifications" VALUES('pln-m7yefbfecctye','inc-m7yefbb0zsw14','2026-01-01 00:01:30.000000','2026-01-01 00:02:30.000000',30.0,NULL,13,'service_down web on h2 still fires');
CREATE INDEX incidents_due ON incidents (due_at);
CREATE INDEX incidents_of_host ON incidents (fleet, host);
CREATE UNIQUE INDEX one_live_incident ON incidents (fingerprint) WHERE ended_at IS NULL;
CREATE INDEX ix_journal_incident_id ON journal (incident_id);
CREATE INDEX ix_detections_incident_id ON detections (incident_id);
CREATE INDEX ix_approvals_plan_id ON approvals (plan_id);
CREATE INDEX ix_outcomes_symptom ON outcomes (symptom);
CREATE INDEX ix_runs_incident_id ON runs (incident_id);
CREATE INDEX run_hosts_by_time ON run_hosts (fleet, started_at);
COMMIT;
