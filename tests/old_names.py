"""Names as they are found in music collections, to be read by machines.

They are the hard cases: short, in several scripts, with few letters that tell.
"""

from __future__ import annotations


def _table(text: str) -> list[str]:
    return [
        name.strip()
        for line in text.splitlines()
        for name in line.split(" | ")
        if name.strip()
    ]


#: Right as they are.
WESTERN = _table("""
Sigur Rós | Ágætis byrjun | Motörhead | Ênio | Mötley Crüe | Queensrÿche | Björk
Debut | Émilie Simon | Édith Piaf | Françoise Hardy | La Vie en rose - Où es-tu?
À la folie | Ça plane pour moi | Noir Désir - Des visages des figures
Être et avoir | Œuvres complètes | L'été indien
Caetano Veloso - Você não me ensinou | Gal Costa - Índia | São Paulo | João Gilberto
Antônio Carlos Jobim | Águas de Março | Legião Urbana - Há Tempos | Ê Baiana
É o Tchan | Mañana | Niño Josele | Años | Héroes del Silencio
Camarón de la Isla - La Leyenda del Tiempo | ¿Dónde están, corazón? | ¡Uno!
El Último de la Fila | Für Elise | Die Ärzte - Jäzzfäst | Über den Wolken
Grönemeyer - Ö | Einstürzende Neubauten - Tabula Rasa | Größenwahn
Die Fantastischen Vier - Lauschgift | Jóhann Jóhannsson - Fordlandia
Ólafur Arnalds - Þau hafa sloppið undan þunga myrkursins
Múm - Yesterday Was Dramatic | Sólstafir - Ótta | Þú og ég
Hjálmar - Hljóðlega af stað | Ásgeir - Dýrð í dauðaþögn | Vök - Í dag
Röyksopp - Melody A.M. | Mew - Frengers | Kashmir - Rocket Brothers
Åge Aleksandersen | Aa-ås | Øystein Sevåg | Tøyen Fil Og Klafferi
Kåre and the Cavemen | Blå | Tørst | ÆØÅ | Ø | Då | På | Å
Håkan Hellström - Känn ingen sorg för mig Göteborg | Kent - Vapen & ammunition
Ebba Grön | Fläskkvartetten | Hör på | Så länge | Värttinä - Oi Dai
Apocalyptica - Hyvää yötä | Eppu Normaali - Aku ja köyhät pojat | Yö
Sielun Veljet - Hää | Hääyö | Ääniä yössä | Sezen Aksu - Gülümse
Barış Manço - 2023 | Müslüm Gürses | Tarkan - Ölürüm Sana | Mor ve Ötesi
Şebnem Ferah | Çelik | Öykü & Berk | Göç | Üç | Öç | Işık | Stromae - Ta fête
Zaz - Je veux | Naïve | Rock Français | Blue Öyster Cult - (Don't Fear) The Reaper
Maxïmo Park | Hüsker Dü - Zen Arcade | Sunn O))) | Beyoncé - Déjà Vu
Sinéad O'Connor | Coeur de Pirate - Brutalité | Café Tacvba - Re | Röövel Ööbik | Ö
Ü | £1.99 | 99¢ | 25° | ½ Tank | Nº 1 | A² | m³ | Ünloco | Tété
Mylène Farmer - Désenchantée | Céline Dion - D'eux | Khadja Nin - Sámbolera mayi son
Amadou & Mariam - Dimanche à Bamako | Beyoncé | Zoé - Reptilectric
Ólöf Arnalds - Við og við | Skálmöld - Börn Loka | Týr - Eric the Red
Eivør - Eivør | Spaß | Süßer | Große Freiheit | Mädchen | «Noël» | L’Île | “Heroes”
Don’t Stop | It’s… | Band™ | A–B | Žižek | Škoda | Œil | Æther | Mägo de Oz - Gaia
Nação Zumbi - Afrociberdelia | Ação | Coração | Irmãos | ÁÉÍÓÚ | ÄÖÜ | ÀÉÎÕÜ | ãõ
éé | ÇÃO | ÉTÉ | ÔÔ | Ôoo | Ñandú | Ñu | Ñoñería | Às vezes | Há | Pó | Só | É | Cá
¡Ay! | ¿Qué? | Čechomor | Dżem | Lao Che - Gusła
Myslovitz - Miłość w czasach popkultury | Omega - 10000 lépés | Őszi
Bikini - Közeli helyeken | Nightwish - Élan | Ölüm | Øde Ø | Trentemøller - Æon
Blåsut | Öström | Ærlig | Öde | Áá | Åå | Pur·ple | Sigur Rós - ( )
Valtari - Ég anda | Ekki Múkk | Varúð | Rembihnútur | Dauðalogn | Varðeldur
Fjögur píanó | Björgvin - Þó líði ár og öld | Ó, þú | Ör | Ár | Æ | Æði | Ís | Þá
""")
#: Written in another script, and an old encoding each.
RUSSIAN = _table("""
Кино | Группа крови | Звезда по имени Солнце | ДДТ | Ария | Би-2 | Чиж & Co | ЧайФ
Аквариум | Наутилус Помпилиус | Сплин | Земфира | Мумий Тролль | Агата Кристи
Алиса | Король и Шут | Гражданская Оборона | Всё идёт по плану | Ночные Снайперы
Пикник | Крематорий | Машина Времени | Владимир Высоцкий | Булат Окуджава
Алла Пугачёва | Ёлка | Мы ждём перемен | Последний герой | Осень
Дым сигарет с ментолом | Кино - Группа крови - 1988 | 01 - Пачка сигарет
Неизвестный исполнитель | Дорожка 1 | Бонус | Ленинград - Экспонат | Песня без слов
Мастер | Я хочу быть с тобой | Апрель | Война | Мама | Эй, брат! | Шум и ярость
ЭТО НЕ ЛЮБОВЬ | БАШНЯ | Старый Новый год (live) | Зоопарк - Сладкая N
Дж. Р. Р. Толкин - Хоббит (читает И. Князев) | Глава 01
Стругацкие - Пикник на обочине | Борис Гребенщиков | Город | Выход | Мало секса
Почему? | Выхода нет | Чайковский - Лебединое озеро | Щелкунчик | Ва-Банкъ
Ногу свело! - Хару Мамбуру | Звери | Смысловые галлюцинации | Вечно молодой | Юта
Лето | Сны | Дом | Ты | Она | Снег | 17 лет
""")
UKRAINIAN = _table("""
Океан Ельзи - Обійми | Скрябін | Воплі Відоплясова | Як тебе не любити, Києве мій
Тартак | Плач Єремії | Квітка Цісик | Їхали козаки | Бумбокс - Вахтерам | Друга Ріка
""")
BULGARIAN = _table("""
Щурците | Тангра | Лили Иванова - Ветрове | Хоризонт | Подуене Блус Бенд
""")
SERBIAN = _table("""
Рибља Чорба | Бијело Дугме | Забрањено Пушење
""")
GREEK = _table("""
Μίκης Θεοδωράκης | Τρύπες - Εννιά πληρωμένα τραγούδια | Χάρις Αλεξίου
Μάνος Χατζιδάκις - Ο μεγάλος ερωτικός | Βασίλης Παπακωνσταντίνου | Ξύλινα Σπαθιά
Γιώργος Νταλάρας | Αγάπη
""")
HEBREW = _table("""
שלמה ארצי | כוורת - סיפורי פוגי | אריק איינשטיין | ירושלים של זהב | משינה
""")
ARABIC = _table("""
أم كلثوم - إنت عمري | فيروز | عبد الحليم حافظ - قارئة الفنجان | محمد عبد الوهاب
عمرو دياب
""")
JAPANESE = _table("""
夜に駆ける | 椎名林檎 - 無罪モラトリアム | 宇多田ヒカル | ゆらゆら帝国 | 空洞です
久石譲 | となりのトトロ | スピッツ - ロビンソン | ハチミツ
はっぴいえんど - 風街ろまん | ＸＪＡＰＡＮ | 中島みゆき | 東京事変 - 教育 | 大人
米津玄師 | 夏色 | ありがとう | さくら | 君の名は。 オリジナル・サウンドトラック
菅野よう子 - カウボーイビバップ | 浜崎あゆみ | サザンオールスターズ
坂本龍一 - 戦場のメリークリスマス | ﾊﾝｶｸ ｶﾅ | 冨田勲 - 月の光 | 細野晴臣 - はらいそ
ソ | 表参道 | 能 | トラック 1 | 01 丸の内サディスティック | 歌舞伎町の女王
不明なアーティスト | 勝訴ストリップ
""")
CHINESE = _table("""
周杰伦 - 叶惠美 | 东风破 | 王菲 | 崔健 - 一无所有 | 红旗下的蛋 | 北京一夜
许巍 - 蓝莲花 | 五月天 | 邓丽君 - 月亮代表我的心 | 罗大佑 | 童年 | 张学友 - 吻别
群星 | 未知艺术家 | 十年 | 陈奕迅
""")
TRADITIONAL = _table("""
周杰倫 - 葉惠美 | 東風破 | 鄧麗君 - 月亮代表我的心 | 羅大佑 - 鹿港小鎮
五月天 - 後青春期的詩 | 張學友 - 吻別 | 伍佰 - 浪人情歌 | 陳綺貞 | 蘇打綠
""")
KOREAN = _table("""
서태지와 아이들 | 방탄소년단 - 봄날 | 아이유 - 좋은 날 | 산울림
신중현과 엽전들 - 미인 | 넬 | 새소년 | 빅뱅 - 거짓말 | 소녀시대 | 악동뮤지션
양희은 - 아침 이슬
""")

#: The names of each script and the encoding that old files have them in.
IN_OLD_ENCODINGS = [
    (RUSSIAN, "cp1251"),
    (RUSSIAN, "koi8-r"),
    (UKRAINIAN, "cp1251"),
    (BULGARIAN, "cp1251"),
    (SERBIAN, "cp1251"),
    (GREEK, "cp1253"),
    (HEBREW, "cp1255"),
    (ARABIC, "cp1256"),
    (JAPANESE, "cp932"),
    (JAPANESE, "euc_jp"),
    (CHINESE, "gbk"),
    (TRADITIONAL, "big5"),
    (KOREAN, "cp949"),
]
ALL = [name for names, _ in IN_OLD_ENCODINGS for name in names] + WESTERN
