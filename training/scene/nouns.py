"""Synonyms of the classes of the scene archive, for captions."""

# By class; the first one is the most common.
NOUNS = {
    "alley": "alley, alleyway, backstreet, narrow street, narrow lane, narrow alley",
    "ancient_ruins": "ancient ruins, ruins, ancient temple ruins, roman ruins, ancient city, "
    "old ruins, historic ruins, archaeological site",
    "art_gallery": "art gallery, gallery, museum, exhibition, paintings on a wall, white gallery",
    "autumn_forest": "autumn forest, forest in autumn, fall forest, autumn trees, autumn park, "
    "autumn leaves, colorful autumn trees, trees in fall",
    "bamboo_forest": "bamboo forest, bamboo, bamboo grove, asian forest",
    "bathroom": "bathroom, washroom, shower room, modern bathroom, tiled bathroom",
    "beach": "beach, sandy beach, tropical beach, beach with palm trees, white sand beach, "
    "seaside, beach in summer, paradise beach",
    "bedroom": "bedroom, bedroom, hotel room, cozy bedroom, room with a bed, modern bedroom",
    "bridge": "bridge, river bridge, stone bridge, bridge over a river, city bridge",
    "buildings": "buildings, city buildings, skyscrapers, downtown, tower, office building, "
    "modern architecture, tall buildings, apartment building",
    "cafe": "cafe, restaurant, coffee shop, bar, pub, cozy cafe, restaurant interior, coffee house",
    "campus": "campus, university, university campus, college, school, school building",
    "castle": "castle, old castle, fortress, medieval castle, fairytale castle",
    "cathedral": "cathedral, church, gothic church, gothic cathedral, old church, chapel",
    "cherry_blossoms": "cherry blossoms, cherry trees, blossoming trees, pink blossoms, sakura, "
    "cherry blossom, spring blossoms",
    "city_night": "city at night, night city, city street at night, night street, city lights, "
    "town at night, neon lights, street at night",
    "city_street": "city street, street, city, busy street, avenue, downtown street, main street, "
    "shopping street, urban street",
    "cloudy_sky": "cloudy sky, clouds, overcast sky, stormy sky, storm clouds, dramatic sky",
    "coast": "coast, sea coast, shore, seashore, cliffs by the sea, rocky coast, sea shore, bay, "
    "coastline, island, sea view",
    "countryside": "countryside, fields, meadow, open country, green fields, farmland, pasture, "
    "farm, rural landscape, grassland, hills",
    "desert": "desert, sand dunes, dunes, sandy desert, sahara, desert landscape, desert sand",
    "dining_room": "dining room, dining table, dining room interior, elegant dining room",
    "dirt_road": "dirt road, country road, rural road, track, country lane, sandy road",
    "entrance_hall": "entrance hall, hall, hallway, lobby, foyer, hotel lobby, staircase, palace "
    "hall, ballroom, grand hall",
    "flowers": "flowers, flower field, field of flowers, blooming flowers, tulips, flower meadow, "
    "roses",
    "forest": "forest, forest, woods, woodland, trees, tall trees, pine forest, deep forest",
    "forest_road": "forest road, forest path, road through the woods, trail in a forest, woodland "
    "path, hiking trail, path in the woods",
    "garden": "garden, flower garden, botanical garden, garden with flowers, formal garden, "
    "backyard, lawn and flowers, park with flowers",
    "glacier": "glacier, ice, iceberg, arctic ice, ice field, arctic, icy mountains, antarctica",
    "gravel_road": "gravel road, gravel path, stony road, rural gravel road, country track",
    "harbour": "harbour, harbor, port, marina, boats in a harbour, boats, sailing boats, fishing "
    "port",
    "highway": "highway, motorway, freeway, road, open road, highway road, asphalt road",
    "house": "house, home, villa, front yard, suburb, suburban house, cottage, front of a house",
    "jungle": "jungle, rainforest, tropical forest, tropical jungle, tropical rainforest",
    "kitchen": "kitchen, modern kitchen, kitchen interior, indoor kitchen, home kitchen",
    "lake": "lake, mountain lake, lake with mountains, lakeside, pond, water and mountains",
    "library": "library, bookshelves, books, old library, bookshop, shelves of books, bookcase",
    "living_room": "living room, living room, lounge, sofa, living room with a sofa, cozy living "
    "room, apartment, modern living room, home, cozy room",
    "mosque": "mosque, dome, istanbul, domes and minarets, oriental building",
    "mountain": "mountains, mountain, mountain range, peaks, alps, mountain landscape, cliff, "
    "rocky mountains",
    "night_sky": "night sky, starry sky, stars, milky way, starry night, sky full of stars, "
    "galaxy, space",
    "ocean": "ocean, sea, sea, waves, open sea, water, ocean waves, blue sea, blue ocean",
    "office": "office, computer room, office room, computers, desk, workplace, classroom, offices",
    "old_town": "old town, village, town, old street, historic town, old houses, european town, "
    "small town, colorful houses",
    "palace": "palace, royal palace, chinese palace, taj mahal, forbidden city, royal castle",
    "park": "park, city park, green park, trees and grass, lawn, park in summer",
    "pyramids": "pyramids, egypt, egyptian pyramids, pyramid, pyramids of giza",
    "rain": "rain, rainy day, rainy street, rain drops, rainy weather, umbrella in rain",
    "rainy_road": "rainy road, wet road, road in rain, wet street, rainy highway, road in the rain",
    "rice_terraces": "rice terraces, rice fields, terraces, green terraces, rice paddies",
    "sky": "sky, sky with clouds, blue sky with clouds, white clouds, heaven",
    "skyline": "skyline, city skyline, cityscape, skyline of a city, big city, new york, city "
    "panorama, metropolis",
    "skyline_night": "skyline at night, city skyline at night, night skyline, skyscrapers at "
    "night, cityscape at night, city lights at night",
    "snowy_mountain": "snowy mountains, snowy mountain, snow covered mountains, snowy peaks, snow "
    "mountain, winter mountains, alps in winter, snowy alps, himalaya",
    "snowy_road": "snowy road, winter road, snow covered trees, winter landscape, snowy forest, "
    "winter wonderland, winter forest, snowy street, snow",
    "street": "street, city street, downtown, city, road in a city, avenue, town street",
    "sunny_sky": "sunny sky, bright sun, summer sky, clear blue sky, sun in the sky, sunshine",
    "sunset": "sunset, sunrise, sunset sky, evening sky, setting sun, sunset over the sea, sunset "
    "over the ocean, dusk, dawn",
    "swamp": "swamp, river, marsh, wetland, riverbank, mangrove, stream, bayou, pond",
    "temple": "temple, asian temple, buddhist temple, pagoda, shrine, chinese temple, japanese "
    "temple",
    "valley": "valley, canyon, green hills, gorge, highlands, green valley, landscape",
    "volcano": "volcano, lava, eruption, volcanic crater, erupting volcano, volcanic mountain",
    "waterfall": "waterfall, waterfalls, cascade, river with a waterfall, waterfall in a forest, "
    "falls, waterfall in the jungle",
    "wheat_field": "wheat field, field, crops, prairie, golden field, corn field, field of wheat",
    "windmill": "windmill, windmills, old windmill, dutch windmill, wind turbine, wind turbines",
}
INDOORS = {
    "art_gallery", "bathroom", "bedroom", "cafe", "dining_room", "entrance_hall", "kitchen",
    "library", "living_room", "office",
}  # fmt: skip
# Synonyms for all classes of HOME.
ROOM_WORDS = "room, interior, indoors, house interior, home interior, inside a house"
HOME = {"bedroom", "dining_room", "kitchen", "living_room"}
SNOWY = {
    "castle", "forest", "forest_road", "glacier", "house", "lake", "mountain", "park",
    "snowy_mountain", "snowy_road", "valley", "volcano",
}  # fmt: skip
LEAFY = {
    "autumn_forest", "campus", "countryside", "dirt_road", "forest", "forest_road", "garden",
    "gravel_road", "lake", "park", "swamp", "valley", "waterfall",
}  # fmt: skip
# Attributes of all pictures of a class, as keys of the captions' PHRASES.
ALWAYS = {
    "snowy_road": {"snow"},
    "snowy_mountain": {"snow"},
    "autumn_forest": {"autumn"},
    "cloudy_sky": {"overcast"},
    "sunny_sky": {"blue_sky"},
    "city_night": {"night"},
    "skyline_night": {"night"},
    "rain": {"rain"},
    "rainy_road": {"rain"},
}
# Attributes that are not measured: the class implies them, so all of its pictures would have them.
NOT_MEASURED = {"sunset": {"sunset"}, "autumn_forest": {"sunset", "golden"}, "desert": {"golden"}}
