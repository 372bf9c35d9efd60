"""Where the collections come from, on which terms, and what is needed of each."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Origin:
    """A public collection of mammograms."""

    name: str
    title: str
    home: str
    terms: str
    citation: str
    needs: tuple[str, ...]
    """What has to be under the folder that is given, in words."""

    def lacks(self, what: str, source: Path) -> str:
        """Return what is missing, where it was looked for and where it is to be had."""
        return (
            f"{what} under {source} (all folders below it were searched). {self.title} is needed "
            f"as downloaded: {'; '.join(self.needs)}. Get it from {self.home}. Terms: "
            f"{self.terms}. Cite: {self.citation}"
        )


CBIS_DDSM = Origin(
    name="cbis-ddsm",
    title="CBIS-DDSM",
    home="https://www.cancerimagingarchive.net/collection/cbis-ddsm/ (NBIA Data Retriever, 164 GB)",
    terms="CC BY 3.0",
    citation=(
        "Sawyer-Lee R, Gimenez F, Hoogi A, Rubin D. Curated Breast Imaging Subset of DDSM, TCIA "
        "2016, doi:10.7937/K9/TCIA.2016.7O02S9CY; Lee RS et al., Sci Data 2017;4:170177; "
        "Clark K et al., J Digit Imaging 2013;26:1045-1057"
    ),
    needs=(
        (
            "the DICOM files (folders Mass-Training_P_00001_LEFT_CC with the film and "
            "Mass-Training_P_00001_LEFT_CC_1 with its mask)"
        ),
        (
            "mass_case_description_train_set.csv and mass_case_description_test_set.csv; "
            "calc_case_description_*_set.csv for calcifications"
        ),
    ),
)

MINI_MIAS = Origin(
    name="mini-mias",
    title="mini-MIAS",
    home="http://peipa.essex.ac.uk/info/mias.html (all-mias.tar.gz, unpacked)",
    terms="research only, not to be sold, its licence agreement goes with it",
    citation=(
        "Suckling J et al. The Mammographic Image Analysis Society Digital Mammogram Database. "
        "Excerpta Medica, International Congress Series 1994;1069:375-378"
    ),
    needs=("mdb001.pgm to mdb322.pgm", "Info.txt, or the README that ends in the same table"),
)

INBREAST = Origin(
    name="inbreast",
    title="INbreast",
    home=(
        "http://medicalresearch.inescporto.pt/breastresearch/index.php/Get_INbreast_Database "
        "(where it does not answer, ask the authors)"
    ),
    terms="research only, on request, not to be passed on",
    citation=(
        "Moreira IC et al. INbreast: toward a full-field digital mammographic database. "
        "Acad Radiol 2012;19(2):236-248, doi:10.1016/j.acra.2011.09.014"
    ),
    needs=(
        "AllDICOMs/NAME_PATIENT_MG_SIDE_VIEW_ANON.dcm",
        "AllXML/NAME.xml",
        "INbreast.csv (separated by semicolons)",
    ),
)
