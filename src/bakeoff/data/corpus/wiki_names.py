"""Names that wikitext gives a meaning to, in the languages of the larger Wikipedias.

A dump names its namespaces, but neither their aliases nor the options of images. Source: MediaWiki,
languages/messages/Messages*.php. All names are lower-case, with spaces for underscores.
"""

import re


def names(text: str) -> frozenset[str]:
    """Return the names in a list that is separated by semicolons."""
    return frozenset(" ".join(name.split()) for name in text.split(";"))


def words(text: str) -> frozenset[str]:
    """Return the names in a list that is separated by spaces."""
    return frozenset(text.split())


# Of every wiki, whatever its language.
CANONICAL = names(
    """talk; user; user talk; project; project talk; wikipedia; wikipedia talk; file; file talk; image;
    image talk; mediawiki; mediawiki talk; template; template talk; help; help talk; category; category talk;
    portal; portal talk; module; module talk; draft; draft talk; timedtext; timedtext talk; media; special"""
)

FILE = names(
    """file; image; media; datei; bild; medium; fichier; média; archivo; imagen; medio; ficheiro; arquivo;
    imagem; imaxe; immagine; file multimediale; plik; grafika; bestand; afbeelding; файл; изображение;
    зображення; выява; картинка; датотека; слика; ファイル; 画像; メディア; 文件; 档案; 檔案; 图像; 圖像;
    图片; 圖片; 媒体; 媒體; fil; billede; bilde; tiedosto; kuva; soubor; obrázok; súbor; obrázek; fájl; kép;
    dosya; resim; ملف; صورة; קובץ; תמונה; 파일; 그림; tập tin; hình; slika; datoteka; αρχείο; εικόνα; fișier;
    fişier; imagine; berkas; gambar; fail; fitxer; imatge; fitxategi; irudi; پرونده; تصویر; चित्र; ছবি; ไฟล์;
    ภาพ; vaizdas; attēls; pilt; mynd; dosiero; սպատկեր; պատկեր; ფაილი; сурет; ملٹی میڈیا"""
)

CATEGORY = names(
    """category; kategorie; catégorie; categoría; categoria; categorie; kategoria; категория; категорія;
    катэгорыя; категорија; カテゴリ; 分类; 分類; 분류; kategori; luokka; kategória; kategorija; kategoriya;
    kategorio; kategoriija; thể loại; קטגוריה; تصنيف; رده; زمره; κατηγορία; श्रेणी; বিষয়শ্রেণী; หมวดหมู่;
    flokkur; kategooria; կատեգորիա; კატეგორია; санат; rummad; catigurìa"""
)

REDIRECT = names(
    """redirect; weiterleitung; redirección; redireccion; redirection; rinvia; rinvio; rimando;
    redirecionamento; redirecionar; redireccionar; doorverwijzing; przekieruj; patrz; tam; перенаправление;
    перенапр; перенаправлення; перанакіраванне; пренасочване; виж; преусмери; пренасочување; види;
    preusmjeri; preusmeri; preusmeritev; přesměruj; presmeruj; átirányítás; ohjaus; uudelleenohjaus;
    omdirigering; omdirigiering; tilvísun; suuna; pāradresācija; peradresavimas; yönlendirme; yönlendir;
    تحويل; הפניה; تغییر مسیر; تغییرمسیر; رجوع مکرر; 転送; リダイレクト; 重定向; 重新導向; 넘겨주기; đổi;
    ανακατευθυνση; ανακατεύθυνση; redirecteaza; redirecció; birzuzendu; alih; lencong; เปลี่ยนทาง;
    अनुप्रेषित; पुनर्निर्देशन; alidirektu; alidirekti; ridrejto; ail-cyfeirio; ailgyfeirio; adkas; юнәлтү;
    айдау; վերահղում; გადამისამართება; i̇stiqamətləndirmə; istiqamətləndirmə; வழிமாற்று"""
)

# Options between the bars of an image, which are not its caption. The number of pixels is in OPTION.
IMAGE_OPTIONS = names(
    """thumb; thumbnail; frame; framed; enframed; frameless; border; left; right; center; centre; none;
    baseline; sub; super; sup; top; text-top; middle; bottom; text-bottom; upright; loop; noicon; nogallery;
    mini; miniatur; gerahmt; rahmenlos; rand; rahmen; links; rechts; zentriert; ohne; hochkant; hoch; tief;
    grundlinie; oben; mitte; unten; vignette; cadre; encadré; encadre; sans cadre; non encadré; non encadre;
    bordure; gauche; droite; centré; néant; neant; redresse; haut; milieu; bas; ligne de base; indice;
    exposant; miniatura; miniaturadeimagen; miniaturaimagen; marco; enmarcado; enmarcada; sinmarco;
    sin marco; sinenmarcar; sin enmarcar; borde; izquierda; izq; izda; derecha; dcha; der; centro; centrado;
    centrada; ninguna; ninguno; nada; no; no enmarcado; incorniciato; senza cornice; riquadrato; bordo;
    sinistra; destra; nessuno; verticale; meglio; sopra; metà; sotto; miniaturadaimagem; commoldura;
    com moldura; semmoldura; sem moldura; moldura; borda; esquerda; direita; nenhum; superiordireito; acima;
    meio; abaixo; omkaderd; kaderloos; gecentreerd; geen; rechtop; grondlijn; boven; midden; beneden;
    miniatuur; mały; ramka; bez ramki; bezramki; tło; obramowanie; lewo; prawo; centruj; środek; brak; мини;
    миниатюра; обрамить; безрамки; граница; слева; справа; центр; без; сверхусправа; сверху; посередине;
    снизу; мініатюра; міні; рамка; обрамити; межа; ліворуч; праворуч; зліва; немає; зверху; サムネイル;
    フレーム; フレームなし; 境界; 左; 右; 中央; なし; 右上; 缩略图; 縮圖; 有框; 无框; 無框; 边框; 邊框; 居中;
    置中; 无; 無; miniatyr; ram; ramme; inramad; ramlös; kantlinje; vänster; höger; centrerad; ingen;
    stående; venstre; høyre; højre; sentrer; senter; midt; miniatyrbilde; rammeløs; pienoiskuva; pienois;
    kehys; kehystetty; kehyksetön; reunus; vasen; oikea; keskitetty; tyhjä; náhled; náhľad; vlevo; vpravo;
    vľavo; okraj; rám; bélyegkép; bélyeg; miniatűr; keret; keretezett; keretnélküli; jobbra; jobb; balra;
    bal; középre; közép; semmi; küçükresim; küçük resim; sağ; sol; orta; yok; çerçeveli; çerçevesiz; تصغير;
    مصغر; يمين; يسار; مركز; وسط; بدون; إطار; لاإطار; حدود; ממוזער; שמאל; ימין; מרכז; ללא; מסגרת; گول;
    انگشتدان; انگشتی; بندانگشتی; راست; چپ; هیچ; قاب; بی‌قاب; 섬네일; 썸네일; 왼쪽; 오른쪽; 가운데; 없음;
    프레임; 테두리; nhỏ; trái; phải; giữa; không; khung; ko khung; không khung; dreta; esquerra; cap;
    μικρογραφία; μινιατούρα; δεξιά; αριστερά; κέντρο; κεντρο; καθόλου; πλαίσιο; jmpl; jempol; kiri; kanan;
    tengah; pusat; tanpa; bingkai; tepi; miniatură; dreapta; stânga; centru; nu"""
)
IMAGE_KEYS = names(
    """alt; link; page; class; lang; upright; thumb; thumbnail; thumbtime; start; end; manualthumb; width;
    height; size; alternativtext; verweis; seite; klasse; sprache; hochkant; miniatur; mini; lien; classe;
    langue; redresse; vignette; enlace; vínculo; vinculo; página; pagina; clase; idioma; lengua; miniatura;
    ligação; ligacao; collegamento; verticale; linguaggio; verwijzing; koppeling; taal; rechtop; łącze;
    strona; альт; ссылка; страница; класс; мини; сверхусправа; посилання; сторінка; 代替文; 代替画像; リンク;
    ページ; サムネイル; 替代; 替代文本; 链接; 連結; 鏈結; 页数; 頁數; 类; 類別; 语言; 語言; länk; sida;
    lenke; side; linkki; sivu; odkaz; třída; jazyk; bağlantı; sayfa; بديل; رابط; وصلة; صفحة; خيار; קישור; דף;
    טקסט; پیوند; جایگزین; صفحه; 대체글; 링크; 문서; liên kết; trang; enllaç; pàgina"""  # noqa: RUF001
)
OPTION = re.compile(
    r"\d*(?:x\d+)? ?(?:px|пкс|пикс|piksel|pik|بك){1,2};?"
    r"|(?:page|seite|página|pagina|strona|страница|upright|hochkant|redresse) [\d.]+"
)

# Prefixes of links in the margin of a page, not in its text. Source: the list of Wikipedias.
LANGUAGES = words(
    """aa ab ace ady af ak als alt am ami an ang ann anp ar arc ary arz as ast atj av avk awa ay az azb ba ban
    bar bat-smg bbc bcl be be-tarask be-x-old bew bg bh bi bjn blk bm bn bo bpy br bs btm bug bxr ca cbk-zam
    cdo ce ceb ch cho chr chy ckb co cr crh cs csb cu cv cy cz da dag de dga din diq dk dsb dtp dty dv dz ee
    el eml en eo epo es et eu ext fa fat ff fi fiu-vro fj fo fon fr frp frr fur fy ga gag gan gcr gd gl glk
    gn gom gor got gpe gsw gu guc gur guw gv ha hak haw he hi hif ho hr hsb ht hu hy hyw hz ia iba id ie ig
    igl ii ik ilo inh io is it iu ja jam jbo jp jv ka kaa kab kbd kbp kcg kg kge ki kj kk kl km kn knc ko
    koi kr krc ks ksh ku kus kv kw ky la lad lb lbe lez lfn lg li lij lld lmo ln lo lrc lt ltg lv lzh mad
    mai map-bms mdf mg mh mhr mi min minnan mk ml mn mni mnw mo mos mr mrj ms mt mus mwl my myv mzn na nah
    nan nap nb nds nds-nl ne new ng nia nl nn no nov nqo nr nrm nso nup nv ny oc olo om or os pa pag pam pap
    pcd pcm pdc pdt pfl pi pih pl pms pnb pnt ps pt pwn qu rm rmy rn ro roa-rup roa-tara rsk ru rue rup rw
    sa sah sat sc scn sco sd se sg sgs sh shi shn shy si simple sk skr sl sm smn sn so sq sr srn ss st stq
    su sv sw syl szl szy ta tay tcy tdd te tet tg th ti tig tk tl tly tn to tpi tr trv ts tt tum tw ty tyv
    udm ug uk ur uz ve vec vep vi vls vo vro wa war wo wuu xal xh xmf yi yo yue za zea zgh zh zh-cfr
    zh-classical zh-cn zh-min-nan zh-tw zh-yue zu"""
)

# Between two underscores on each side. Case matters for none of them here.
MAGIC_WORDS = names(
    """notoc; forcetoc; toc; noeditsection; newsectionlink; nonewsectionlink; nogallery; hiddencat;
    expectunusedcategory; expectunusedtemplate; nocontentconvert; nocc; notitleconvert; notc; index; noindex;
    staticredirect; start; end; disambig; noglobal; archivedtalk; notalk; expected unconnected page;
    kein inhaltsverzeichnis; keininhaltsverzeichnis; inhaltsverzeichnis erzwingen; inhaltsverzeichnis;
    abschnitte nicht bearbeiten; keine galerie; indexieren; nicht indexieren; keinindex; begriffsklärung;
    aucunsommaire; aucuntdm; forcersommaire; sommaire; tdm; sectionnonéditable; aucunegalerie; aucunindex;
    nosección; notdc; sin tdc; tdc; forzartdc; forzar tdc; noeditarsección; nogalería; noindexar; indexar;
    noindice; forzaindice; indice; nomodificasezione; semtdc; semsumario; semsumário; forcartdc; sumario;
    sumário; naoeditarsecao; nãoeditarseção; geeninhoud; inhoud dwingen; inhoud; geenbewerksectie; bezspisu;
    bez spisu; wymuś spis; ze spisem; spis; bez edycji sekcji"""
)
