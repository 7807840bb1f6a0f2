-- Made by test/tools/train_golden.py.
CREATE TABLE golden (name text, params jsonb, weighted boolean, losses double precision[]);
INSERT INTO golden VALUES ('defaults', '{}', false, '{0.610693, 0.570441, 0.538669, 0.513894, 0.508413, 0.494680, 0.494083, 0.495118, 0.490841, 0.487291, 0.493055, 0.494676}');
INSERT INTO golden VALUES ('shallow', '{"max_depth": 2, "eta": 0.1}', false, '{0.665716, 0.642858, 0.624406, 0.608379, 0.594860, 0.583823, 0.574288, 0.566295, 0.558812, 0.552847, 0.547128, 0.541185}');
INSERT INTO golden VALUES ('regularised', '{"lambda": 5, "alpha": 2, "gamma": 1, "max_depth": 4}', false, '{0.621102, 0.576587, 0.548275, 0.528418, 0.513130, 0.503722, 0.496986, 0.493360, 0.487316, 0.475097, 0.473066, 0.471849}');
INSERT INTO golden VALUES ('heavy children', '{"min_child_weight": 12, "max_depth": 8}', false, '{0.610787, 0.567097, 0.538932, 0.521075, 0.504333, 0.497883, 0.492642, 0.484573, 0.480996, 0.471806, 0.467666, 0.466809}');
INSERT INTO golden VALUES ('class weight', '{"scale_pos_weight": 3, "max_delta_step": 0.4, "max_depth": 4}', false, '{0.675279, 0.661534, 0.644408, 0.630897, 0.617248, 0.609166, 0.600028, 0.592210, 0.584471, 0.574811, 0.571095, 0.565426}');
INSERT INTO golden VALUES ('row weights', '{"max_depth": 4}', true, '{0.602469, 0.556530, 0.529003, 0.505839, 0.491995, 0.486063, 0.482079, 0.479134, 0.474974, 0.469140, 0.466807, 0.462997}');
INSERT INTO golden VALUES ('monotone', '{"monotone_constraints": {"logins": -1, "tickets": 1}, "max_depth": 5}', false, '{0.612799, 0.561716, 0.532913, 0.509221, 0.494336, 0.482925, 0.477395, 0.473109, 0.470859, 0.468047, 0.467423, 0.468769}');
INSERT INTO golden VALUES ('base score', '{"base_score": 0.2, "max_depth": 3}', false, '{0.568920, 0.534627, 0.514605, 0.503415, 0.496785, 0.491880, 0.485845, 0.477786, 0.474288, 0.473890, 0.470256, 0.468576}');
INSERT INTO golden VALUES ('squared', '{"objective": "reg:squarederror", "max_depth": 3}', true, '{0.456331, 0.434063, 0.419296, 0.410653, 0.407348, 0.404492, 0.401857, 0.401638, 0.399914, 0.398780, 0.397632, 0.397175}');
INSERT INTO golden VALUES ('squared, monotone', '{"objective": "reg:squarederror", "max_depth": 4, "monotone_constraints": {"logins": -1}, "lambda": 2}', false, '{0.455610, 0.429814, 0.414189, 0.404784, 0.398057, 0.392174, 0.390060, 0.387041, 0.386817, 0.385724, 0.387430, 0.386569}');
CREATE TABLE golden_lr (name text, params jsonb, weighted boolean, coefficients double precision[], errors double precision[]);
INSERT INTO golden_lr VALUES ('ridge', '{"C": 0.1}', false, '{-0.927790, -0.253894, -0.586154, 0.102084, 0.277828, -0.809877}', '{0.079293, 0.073532, 0.083517, 0.072395, 0.071316, 0.077917}');
INSERT INTO golden_lr VALUES ('weak ridge', '{"C": 1000}', false, '{-1.003771, -0.274014, -0.647234, 0.112121, 0.301017, -0.836066}', '{0.084701, 0.076988, 0.088785, 0.075577, 0.074503, 0.079992}');
INSERT INTO golden_lr VALUES ('none', '{"penalty": "none"}', false, '{-1.003780, -0.274016, -0.647241, 0.112122, 0.301019, -0.836069}', '{0.084702, 0.076988, 0.088786, 0.075577, 0.074504, 0.079992}');
INSERT INTO golden_lr VALUES ('lasso', '{"penalty": "l1", "C": 0.02}', false, '{-0.636522, -0.004095, -0.240523, 0.000000, 0.032535, -0.706788}', NULL);
INSERT INTO golden_lr VALUES ('weights', '{"scale_pos_weight": 2}', true, '{-0.977163, -0.245084, -0.671878, 0.093990, 0.268601, -0.148814}', '{0.048709, 0.044625, 0.052868, 0.044363, 0.044032, 0.045072}');
