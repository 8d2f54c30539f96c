insert into stories (title, body, author) values
  ('The lighthouse that hummed',
   'Every evening, when the fog rolled in, the lighthouse on Gull Rock hummed one low note. The ships steered by the sound, and nobody ever asked who had taught it the tune.',
   'Mara'),
  ('A map of small mornings',
   'Ines drew a map of every good morning she could remember: the bakery door, the blue tram, the dog that waited for no one. When she unfolded it in winter, the kitchen smelled of bread.',
   'Ines'),
  ('First light',
   'The robot woke before the sun, as it did each day, and walked to the hill to watch. It had no word for the colour in the east, so it kept the picture instead.',
   'Teo');
